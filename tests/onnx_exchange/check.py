"""check.py DIR: every model in DIR is valid, as onnx's checker says, and its shapes follow from its nodes."""
import pathlib
import sys

import onnx

paths = sorted(pathlib.Path(sys.argv[1]).glob("*.onnx"))
if not paths:
    sys.exit("no models in " + sys.argv[1])
for path in paths:
    model = onnx.load(path)
    try:
        onnx.checker.check_model(model, full_check=True)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    except Exception as problem:
        sys.exit(f"{path.name}: {problem}")
print(f"{len(paths)} models checked")
