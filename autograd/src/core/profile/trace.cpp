// The Trace Event Format, which Perfetto and chrome://tracing read: complete events ("X") with times in microseconds.
#include <set>
#include <unistd.h>

#include <fmt/format.h>

#include <xgrad/detail/atomic_file.hpp>
#include <xgrad/profiler.hpp>

namespace xgrad::profiler {
namespace {

std::string quoted(const std::string& s) {
  std::string out = "\"";
  for (const char c : s) {
    if (c == '"' || c == '\\')
      out += {'\\', c};
    else if (static_cast<unsigned char>(c) < 32)
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out + "\"";
}

std::string args(const Event& e) {
  std::string s = fmt::format("\"self_us\":{:.3f},\"bytes\":{}", e.self, e.bytes);
  if (!e.module.empty()) s += fmt::format(",\"module\":{}", quoted(e.module));
  if (e.at.line() != 0) s += fmt::format(",\"line\":{}", quoted(fmt::format("{}:{}", e.at.file_name(), e.at.line())));
  if (e.sequence != 0) s += fmt::format(",\"sequence\":{}", e.sequence);
  return s;
}

}  // namespace

void Profile::export_chrome_trace(const std::string& path, Location at) const {
  const long pid = getpid();
  std::string text = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n";
  text += fmt::format("{{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":{},\"args\":{{\"name\":\"xgrad\"}}}}", pid);
  std::set<std::uint32_t> threads;
  for (const Event& e : events()) {
    if (threads.insert(e.thread).second)
      text += fmt::format(
          ",\n{{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":{},\"tid\":{},\"args\":{{\"name\":\"thread {}\"}}}}", pid,
          e.thread, e.thread);
    const char* category = e.category == Category::forward    ? "forward"
                           : e.category == Category::backward ? "backward"
                                                              : "optimizer";
    text += fmt::format(
        ",\n{{\"name\":{},\"cat\":\"{}\",\"ph\":\"X\",\"ts\":{:.3f},\"dur\":{:.3f},\"pid\":{},\"tid\":{},\"args\":"
        "{{{}}}}}",
        quoted(e.name), category, e.start, e.duration, pid, e.thread, args(e));
  }
  text += "\n]}\n";
  write_file_atomically("export_chrome_trace", path, {{text.data(), text.size()}}, at);
}

}  // namespace xgrad::profiler
