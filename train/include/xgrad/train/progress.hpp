#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <utility>

#include <xgrad/export.hpp>

namespace xgrad::train {

// A live line on standard error, as tqdm draws it:
//   epoch 3/20  45%|████▌     | 211/469 [00:04<00:05, 47.2it/s, loss=0.312]
// Redrawn at most ten times a second. Not on a terminal: a plain line for every tenth of the work instead. Steps
// beyond the total make it larger; a total of 0 is reached at once; control characters in label and note are blanks.
class XGRAD_API Progress {
 public:
  Progress(std::int64_t total, std::string label);
  ~Progress();  // ends the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `steps` more are done; note: "loss=0.312".
  void update(std::int64_t steps = 1, const std::string& note = {});
  void set_label(std::string label) { label_ = std::move(label); }
  // Ends the line, so that other output may follow; nothing is drawn afterwards.
  void close();
  friend std::ostream& operator<<(std::ostream&, const Progress&) = delete;  // it draws itself: progress.update()

 private:
  void draw();
  std::string line() const;

  std::int64_t total_, done_ = 0;
  std::string label_, note_;
  bool terminal_, open_ = true;
  std::int64_t start_, drawn_;  // nanoseconds of a steady clock
  std::int64_t tenths_ = 0;
};

}  // namespace xgrad::train
