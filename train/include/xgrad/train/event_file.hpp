// Event files of TensorBoard: what a run measured, for `tensorboard --logdir runs`.
//
//   train::SummaryWriter writer("runs/first");
//   writer.add_scalar("loss/train", loss.item(), step);
//   writer.add_histogram("fc1.weight", net.fc1.weight, step);
//
// Names are those of torch.utils.tensorboard. The format: TFRecord frames (lengths and data with masked CRC-32C) of
// tensorflow.Event messages, written by hand.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad::train {

class XGRAD_API SummaryWriter {
 public:
  // Makes the folder, where needed, and in it events.out.tfevents.<seconds>.<host>.<process>.<number>. IoError.
  explicit SummaryWriter(const std::string& log_dir, Location at = Location::current());
  ~SummaryWriter();  // close()
  SummaryWriter(const SummaryWriter&) = delete;
  SummaryWriter& operator=(const SummaryWriter&) = delete;

  // All of these: IoError when the file cannot be written, ValueError after close().
  void add_scalar(const std::string& tag, double value, std::int64_t global_step = 0,
                  Location at = Location::current());
  // The values in buckets that grow by a tenth from 1e-12 on, both ways, as TensorBoard's own; what is not finite is in
  // none. ValueError: there is no finite value.
  void add_histogram(const std::string& tag, const Tensor& values, std::int64_t global_step = 0,
                     Location at = Location::current());
  // (1, H, W) or (H, W) in grey, (3, H, W) in colour: floating from 0 to 1, integers from 0 to 255. ShapeError.
  void add_image(const std::string& tag, const Tensor& image, std::int64_t global_step = 0,
                 Location at = Location::current());
  void add_text(const std::string& tag, const std::string& text, std::int64_t global_step = 0,
                Location at = Location::current());
  void flush(Location at = Location::current());
  void close(Location at = Location::current());
  const std::string& path() const { return path_; }  // of the file

 private:
  void write(const std::string& value, std::int64_t step, const Location& at);
  void write_record(const std::string& event, const Location& at);
  [[noreturn]] void fail(const char* what, const Location& at) const;

  std::string path_;
  struct Closing {
    void operator()(std::FILE* f) const { std::fclose(f); }
  };
  std::unique_ptr<std::FILE, Closing> file_;
};

struct ScalarEvent {
  double wall_time = 0;  // seconds since 1970
  std::int64_t step = 0;
  std::string tag;
  float value = 0;
};
struct EventFile {
  double wall_time = 0;      // of the first event
  std::string file_version;  // "brain.Event:2"
  std::vector<ScalarEvent> scalars;
  bool complete = true;  // false: it ends within a record, as it does while it is being written or after a kill
};
// IoError: no such file, more than 1 GiB, a wrong check sum, a message that is none.
XGRAD_API EventFile read_event_file(const std::string& path, Location at = Location::current());

}  // namespace xgrad::train
