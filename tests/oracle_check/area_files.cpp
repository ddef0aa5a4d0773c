// files: reading files that are right, damaged or hostile.
#include <chrono>
#include <sys/resource.h>

#include <fmt/format.h>

#include "record.hpp"

namespace oracle {

namespace {

xgrad::NamedTensors read(const std::string& format, const std::string& path) {
  if (format == "safetensors") return xgrad::load_safetensors(path);
  if (format == "idx" || format == "idx.gz") return {{"", xgrad::data::read_idx(path)}};
  if (format == "npy") return {{"", xgrad::load_npy(path)}};
  if (format == "npz") return xgrad::load_npz(path);
  throw Unsupported("format " + format);
}

// Types the library widens on reading; values must be exact all the same.
DType stored_as(const std::string& dtype) {
  if (dtype == "bfloat16" || dtype == "float16") return xgrad::kFloat32;
  if (dtype == "int8" || dtype == "int16" || dtype == "uint16") return xgrad::kInt32;
  if (dtype == "uint32" || dtype == "uint64") return xgrad::kInt64;
  return dtype_of(dtype);
}

void compare_contents(const xgrad::NamedTensors& got, const Json& want) {
  if (want.contains("__count__")) return expect(want["__count__"] == got.size(), fmt::format("{} tensors", got.size()));
  expect(got.size() == want.size(), fmt::format("{} tensors, want {}", got.size(), want.size()));
  for (const auto& [name, tensor] : got) {
    if (!want.contains(name)) throw Mismatch("unexpected tensor '" + name + "'");
    Json w = want[name];
    w["dtype"] = xgrad::name(stored_as(w.at("dtype")));
    compare_tensor(tensor, w, {}, "'" + name + "'");
  }
}

long resident_kib() {
  rusage u{};
  getrusage(RUSAGE_SELF, &u);
  return u.ru_maxrss;
}

}  // namespace

void check_files(const Json& record, const std::string& folder) {
  const std::string verdict = record.at("verdict"), path = folder + "/files/" + record.at("file").get<std::string>();
  const long memory = resident_kib();
  const auto start = std::chrono::steady_clock::now();
  std::string refused;
  xgrad::NamedTensors tensors;
  try {
    tensors = read(record.at("format"), path);
  } catch (const xgrad::Error& e) {
    refused = e.what();
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  expect(seconds < 1, fmt::format("took {:.1f} s", seconds));
  const bool large = record["file"].get<std::string>().find("1000to1") != std::string::npos;
  expect(large || resident_kib() - memory < 64 * 1024, "took more than 64 MiB");
  if (!refused.empty()) return expect(verdict != "load", "refused: " + refused);
  if (verdict == "refuse") throw Mismatch("loaded, must be refused: " + record.value("why", ""));
  if (record.contains("tensors")) compare_contents(tensors, record["tensors"]);
}

}  // namespace oracle
