// Event files of TensorBoard. First byte 0: the rest is the file. Otherwise it is cut at each byte of this value, and
// the parts are records, whose check sums are right: they reach the reader of messages.
#include <string_view>

#include <xgrad/train/event_file.hpp>

#include "events/wire.hpp"
#include "input.hpp"

using namespace xgrad;

namespace {

std::string records(std::string_view rest, char end) {
  std::string file;
  for (std::size_t at; !rest.empty(); rest.remove_prefix(at < rest.size() ? at + 1 : at)) {
    at = std::min(rest.find(end), rest.size());
    file += train::detail::framed(rest.substr(0, at));
  }
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  if (n == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(bytes) + 1, n - 1);
  const std::string file = bytes[0] == 0 ? std::string(rest) : records(rest, static_cast<char>(bytes[0]));
  fuzz::expect_result_or_io_error([&] {
    const std::string path =
        fuzz::file_with(reinterpret_cast<const std::uint8_t*>(file.data()), file.size(), ".tfevents");
    const train::EventFile read = train::read_event_file(path);
    fuzz::require(bytes[0] == 0 || read.complete, "a whole file is incomplete");
    fuzz::require(read.scalars.size() <= file.size(), "more events than bytes");
  });
  return 0;
}
