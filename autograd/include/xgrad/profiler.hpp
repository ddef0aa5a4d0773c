// Where the time of a program goes: which operations, modules and lines take it, forward, backward and in the
// optimizer.
//
//   xgrad::profiler::Profile profile;
//   for (auto& [x, y] : loader) {                                   // a few steps of training
//     const auto step = xgrad::profiler::record_function("step");   // a span of your own
//     ...
//   }
//   profile.stop();
//   std::cout << profile.key_averages().table("self_cpu_time_total", 10);
//   profile.export_chrome_trace("trace.json");                      // for ui.perfetto.dev or chrome://tracing
//
// Time is that of the clock on the wall, as the calling thread sees it: an operation that several threads share is one
// span of its caller. An operation runs from its first check to its result; of one that leaves no trace on the tape,
// the end is that of its last kernel. Without a Profile all of this costs a test of a flag.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad {

class GraphNode;
namespace tape {
struct OpNode;
}

namespace profiler {

// What a span belongs to: the forward computation, a backward pass, a step of an optimizer; spans of record_function()
// are what they stand in.
enum class Category { forward, backward, optimizer };
XGRAD_API std::ostream& operator<<(std::ostream& os, Category c);

enum class SpanKind { operation, node, pass, module, optimizer, user };

// One span. Those of a thread nest strictly.
struct Event {
  std::string name;    // "linear", "linear backward", "fc1 : Linear(4 → 8)", "Optimizer.step#SGD.step"
  std::string module;  // path of the module that ran, "net.fc1"; of a node the one that recorded it
  Location at;         // the line of the program; a line 0 is not known
  SpanKind kind = SpanKind::operation;
  Category category = Category::forward;
  double start = 0, duration = 0,
         self = 0;                         // microseconds; start: since the Profile was made; self: without inner spans
  std::int64_t bytes = 0, self_bytes = 0;  // memory asked for less memory given back
  std::uint32_t thread = 0;                // 1, 2, ... in the order of their first spans
  std::uint64_t sequence = 0;              // of the graph node that it recorded or ran; 0 for none
};

// One row of the table. Times are in microseconds; names are those of torch.profiler.
struct FunctionEventAvg {
  std::string key;
  std::int64_t count = 0;
  double cpu_time_total = 0, self_cpu_time_total = 0;
  std::int64_t cpu_memory_usage = 0, self_cpu_memory_usage = 0;  // bytes
  double cpu_time() const { return count ? cpu_time_total / static_cast<double>(count) : 0; }
};

class XGRAD_API EventList : public std::vector<FunctionEventAvg> {
 public:
  // The table that torch.profiler prints. sort_by: "cpu_time", "cpu_time_total", "self_cpu_time_total",
  // "cpu_memory_usage", "self_cpu_memory_usage" or "count", the largest first; "": the order of the first calls. At
  // most row_limit rows, -1 for all. ValueError: another sort_by, or a row_limit below -1.
  std::string table(std::string_view sort_by = "", int row_limit = 100, Location at = Location::current()) const;
  double self_cpu_time_total() const;  // of all rows
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const EventList& list);  // table()

enum class GroupBy {
  operation,  // by name
  module,     // by path; the total of a module has what ran inside of it, forward and backward
  line        // "train.cpp:42", forward and backward
};

// Times of one node of a graph in microseconds; a backward of 0: it has not run.
struct NodeTime {
  double forward = 0, backward = 0;
};

// Watches all threads while alive, until stop(). A span takes about 150 bytes of memory.
class XGRAD_API Profile {
 public:
  // AutogradError when another one is alive: they would share their spans.
  [[nodiscard("a profile without a name ends at once")]] explicit Profile(Location at = Location::current());
  ~Profile();
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;

  void stop();
  // What has ended so far, thread by thread, outer spans before inner ones.
  std::vector<Event> events() const;
  EventList key_averages(GroupBy by = GroupBy::operation) const;
  // The Trace Event Format (JSON object form), times in microseconds. Atomically; IoError.
  void export_chrome_trace(const std::string& path, Location at = Location::current()) const;
  // Of a node recorded while the profile watched; none otherwise. For pictures of graphs.
  std::optional<NodeTime> node_time(const tape::OpNode& node) const;
  std::optional<NodeTime> node_time(const GraphNode& node, Location at = Location::current()) const;

  // The one that is alive, stopped or not; else null.
  static const Profile* current();

 private:
  std::optional<NodeTime> node_time(std::uint64_t sequence, std::string_view op, std::uint_least32_t line) const;
  struct State;
  std::unique_ptr<State> state_;
};

// A span of the program's own, for as long as it lives. Nothing when there is no Profile.
class XGRAD_API RecordFunction {
 public:
  [[nodiscard("a span without a name ends at once")]] explicit RecordFunction(std::string_view name,
                                                                              Location at = Location::current());
  ~RecordFunction();
  RecordFunction(const RecordFunction&) = delete;
  RecordFunction& operator=(const RecordFunction&) = delete;

 private:
  bool on_;
};
[[nodiscard("a span without a name ends at once")]] inline RecordFunction record_function(
    std::string_view name, Location at = Location::current()) {
  return RecordFunction(name, at);
}

}  // namespace profiler

namespace detail {

// A step of an optimizer: "Optimizer.step#SGD.step".
class XGRAD_API OptimizerSpan {
 public:
  [[nodiscard("a span without a name ends at once")]] OptimizerSpan(const char* method, const std::string& optimizer,
                                                                    const Location& at);
  ~OptimizerSpan();
  OptimizerSpan(const OptimizerSpan&) = delete;
  OptimizerSpan& operator=(const OptimizerSpan&) = delete;

 private:
  bool on_;
};

}  // namespace detail
}  // namespace xgrad
