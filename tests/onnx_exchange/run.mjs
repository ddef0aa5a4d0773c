// run.mjs MODULES DIR: runs every model in DIR with onnxruntime and compares what it gives with DIR/NAME.json.
import { createRequire } from 'node:module';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const [modules, folder] = process.argv.slice(2);
const ort = createRequire(join(modules, 'node_modules', '/'))('onnxruntime-web');
ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';

const TOLERANCE = 1e-5;  // of 1 and of larger values
const arrays = {
  float32: Float32Array, float64: Float64Array, int32: Int32Array, uint8: Uint8Array, bool: Uint8Array,
  int64: BigInt64Array,
};

function tensorOf({ dtype, dims, data }) {
  const values = dtype === 'int64' ? data.map((v) => BigInt(v)) : data.map(Number);
  return new ort.Tensor(dtype, arrays[dtype].from(values), dims);
}

// The largest difference, relative where values are larger than 1; JSON has null for what is not finite.
function difference(got, want) {
  let worst = 0;
  want.data.forEach((w, i) => {
    const g = Number(got.data[i]);
    if (w === null ? Number.isFinite(g) : !(Math.abs(g - Number(w)) <= Infinity)) worst = Infinity;
    else if (w !== null) worst = Math.max(worst, Math.abs(g - Number(w)) / Math.max(1, Math.abs(Number(w))));
  });
  return worst;
}

async function check(name) {
  const runs = JSON.parse(readFileSync(join(folder, `${name}.json`)));
  // onnxruntime fuses Gemm and an activation of float64 into an operator that it has for float32 alone.
  const doubles = runs[0].inputs.some((input) => input.dtype === 'float64');
  const session = await ort.InferenceSession.create(readFileSync(join(folder, `${name}.onnx`)),
    { executionProviders: ['wasm'], logSeverityLevel: 3, graphOptimizationLevel: doubles ? 'basic' : 'all' });
  let worst = 0;
  for (const run of runs) {
    const feeds = Object.fromEntries(session.inputNames.map((input, i) => [input, tensorOf(run.inputs[i])]));
    const results = await session.run(feeds);
    if (session.outputNames.length !== run.outputs.length) throw new Error('another number of outputs');
    session.outputNames.forEach((output, k) => {
      const got = results[output], want = run.outputs[k];
      if (got.type !== want.dtype || String(got.dims) !== String(want.dims))
        throw new Error(`output ${k} is ${got.type} (${got.dims}), expected ${want.dtype} (${want.dims})`);
      worst = Math.max(worst, difference(got, want));
    });
  }
  if (!(worst <= TOLERANCE)) throw new Error(`differs by ${worst}`);
  return worst;
}

const names = readdirSync(folder).filter((f) => f.endsWith('.onnx')).map((f) => f.slice(0, -5));
let failed = names.length === 0;
let worst = 0;
for (const name of names) {
  try {
    worst = Math.max(worst, await check(name));
  } catch (problem) {
    failed = true;
    console.error(`${name}: ${problem.message ?? problem}`);
  }
}
console.log(`${names.length} models run, largest difference ${worst.toExponential(1)}`);
process.exit(failed ? 1 : 0);
