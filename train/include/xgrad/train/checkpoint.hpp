// Checkpoints: everything a training run needs to go on as if it had never stopped, in one safetensors file.
//
//   train::save_checkpoint("run.safetensors", {.model = net, .optimizer = opt, .loader = loader, .epoch = epoch});
//   ...
//   const auto saved = train::load_checkpoint("run.safetensors", {.model = net, .optimizer = opt, .loader = loader});
//   for (std::int64_t epoch = saved.epoch; epoch < epochs; ++epoch)
//     for (auto& [x, y] : loader) ...  // at first the rest of the epoch in which the checkpoint was made
//
// The resumed run is the uninterrupted one, bit for bit, with dropout and shuffled loaders too: they draw from the
// default generator, whose state is in the file, and so is what remains of the epoch. (Datasets that draw from it in
// background threads are not repeatable in the first place.) Between two epochs no loader is needed.
#pragma once

#include <concepts>
#include <iosfwd>
#include <optional>
#include <string>

#include <xgrad/data/loader.hpp>
#include <xgrad/data/safetensors.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/optim/optimizer.hpp>
#include <xgrad/optim/scheduler.hpp>

namespace xgrad::train {

// A part of a checkpoint that lives elsewhere, or none.
template <class T>
class Part {
 public:
  Part() = default;
  Part(T& part) : part_(&part) {}  // NOLINT: .optimizer = opt
  explicit operator bool() const { return part_ != nullptr; }
  T& operator*() const { return *part_; }
  T* operator->() const { return part_; }

 private:
  T* part_ = nullptr;
};

struct Checkpoint {
  std::optional<nn::Module> model = {};     // "model.": parameters and buffers
  Part<optim::Optimizer> optimizer = {};    // "optimizer.": state and options
  Part<optim::LRScheduler> scheduler = {};  // "scheduler."
  Part<data::LoaderBase> loader = {};       // "loader.": what remains of its epoch
  std::int64_t epoch = 0;                   // a number of your own
  NamedTensors extra = {};                  // "extra.": tensors of your own: a best score, a history
  Metadata metadata = {};                   // texts of your own
  bool rng = true;                          // "rng.default": seed and position of the default generator
};

// Writes the parts that are given, atomically: a crash, a full disk or a kill leaves the old file or the new one.
// IoError names the path and the reason.
XGRAD_API void save_checkpoint(const std::string& path, const Checkpoint& checkpoint,
                               Location at = Location::current());
template <class M>
requires(std::derived_from<M, nn::Module> || std::derived_from<M, optim::Optimizer>)  //
    void save_checkpoint(const std::string&, const M&)  // what it is: save_checkpoint(path, {.model = net})
    = delete;
template <std::convertible_to<std::string> P>
void save_checkpoint(const Checkpoint&, const P&) = delete;  // the path first: save_checkpoint(path, {.model = net})

struct LoadedCheckpoint {
  std::int64_t epoch = 0;
  NamedTensors extra;
  Metadata metadata;
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const LoadedCheckpoint& c);
// Puts the state back into the parts that are given (and the generator, unless rng is false), and returns the rest;
// parts in the file that are not asked for are left alone. IoError: no such file, a damaged one, not a checkpoint, a
// part is not in it. ValueError: a part does not fit. Either everything is loaded or nothing is changed.
XGRAD_API LoadedCheckpoint load_checkpoint(const std::string& path, const Checkpoint& into = {},
                                           Location at = Location::current());
template <class M>
requires(std::derived_from<M, nn::Module> || std::derived_from<M, optim::Optimizer>)  //
    LoadedCheckpoint load_checkpoint(const std::string&, const M&)  // load_checkpoint(path, {.model = net})
= delete;

}  // namespace xgrad::train
