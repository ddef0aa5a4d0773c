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

// Event files hold no tensors; what is to be compared stands under "__events__".
void check_events(const std::string& path, const Json& want) {
  const xgrad::train::EventFile got = xgrad::train::read_event_file(path);
  expect(got.complete, "ends within a record");
  if (want.is_null()) return;
  expect(got.wall_time == want.at("wall_time").get<double>(), fmt::format("wall_time {}", got.wall_time));
  expect(got.file_version == want.at("file_version").get<std::string>(), "file_version " + got.file_version);
  const Json& scalars = want.at("scalars");
  expect(got.scalars.size() == scalars.size(), fmt::format("{} scalars", got.scalars.size()));
  for (std::size_t i = 0; i < scalars.size(); ++i) {
    const auto& e = got.scalars[i];
    const bool same = e.step == scalars[i][0].get<std::int64_t>() && e.tag == scalars[i][1].get<std::string>() &&
                      static_cast<double>(e.value) == scalars[i][2].get<double>();
    expect(same, fmt::format("scalar {}: step {}, {} = {}", i, e.step, e.tag, e.value));
  }
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
  const bool events = record.at("format") == "tfevents";
  const Json contents = record.contains("tensors") ? record["tensors"] : Json::object();
  try {
    if (events)
      check_events(path, contents.contains("__events__") ? contents["__events__"] : Json());
    else
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
  if (!events && record.contains("tensors")) compare_contents(tensors, record["tensors"]);
}

}  // namespace oracle
