// The steps in words: what an operation does, how a pass begins and ends.
#include <map>

#include <fmt/format.h>

#include "explorer/formulas.hpp"
#include "explorer/math.hpp"
#include "heatmap.hpp"

namespace xgrad::viz {
namespace {

const std::map<std::string, const char*>& words() {
  static const std::map<std::string, const char*> all{
      {"linear",
       "Each row is one sample, each column one unit: a weighted sum of the inputs, plus the bias of the unit."},
      {"matmul", "Each number of the result is a row of the first factor times a column of the second."},
      {"tanh", "The activation, one number at a time: squashed between −1 and 1. Far from 0 it is flat."},
      {"sigmoid", "Squashes each number into (0, 1)."},
      {"relu", "Keeps what is positive, sets the rest to 0."},
      {"conv2d", "A small window slides over the maps; each result is the weighted sum of what is under it."},
      {"max_pool2d", "Of each window only the largest number goes on."},
      {"embedding", "Each index picks its row of the table."},
      {"dropout", "Some numbers are set to 0 by chance, the others are scaled up."},
      {"lstm_cell", "One step of an LSTM: gates decide what its memory c keeps, takes in and shows."},
      {"gru_cell", "One step of a GRU: gates decide how much of the state is kept."},
      {"rnn_tanh_cell", "One step of a recurrence: the new state, from the input and the state before."},
      {"rnn_relu_cell", "One step of a recurrence: the new state, from the input and the state before."},
      {"scaled_dot_product_attention", "Each query mixes the values, by how well it fits the keys."}};
  return all;
}

std::string dims_words(const std::vector<std::int64_t>& dims) {
  return fmt::format("{} {}", dims.size() == 1 ? "dimension" : "dimensions", fmt::join(dims, ", "));
}
// Of a loss: how many numbers it gives.
std::string batch_words(const Arguments& x) {
  if (x.has_reduction("none")) return "a number for each sample.";
  return x.has_reduction("sum") ? "the sum over the batch." : "one number for the whole batch.";
}
std::string softmax_words(const Arguments& x) {
  const std::int64_t dim = x.told<std::int64_t>("dim", 0), rank = static_cast<std::int64_t>(x.in.size());
  const std::string slice = dim + 1 >= rank ? "Each row"
                            : rank == 2     ? "Each column"
                                            : fmt::format("Each slice along dimension {}", dim);
  return slice + " becomes probabilities: positive, with sum 1.";
}
std::string reduction_words(const Arguments& x, const char* all, const char* along) {
  return reduces_all(x) ? all : fmt::format("{} {}.", along, dims_words(reduced_dims(x)));
}

// Of the mean over the rows of a loss of classes.
std::string count_words(const Arguments& x) {
  if (!x.has_reduction("mean") || !x.was_told("ignore_index")) return "";
  if (!leaves_out(x)) return " N is the number of samples.";
  return fmt::format(" Samples of class {} are left out, of the sum and of what it is divided by.",
                     x.told<std::int64_t>("ignore_index", 0));
}
// Of a layer that is one operation: what is inside.
std::string steps_words(const Arguments& x) {
  return fmt::format(
      "A whole layer in one operation: {} steps{} of the cell in the formula, each with the state that the one before "
      "left; all of them have the same weights, whose gradient is the sum over the steps.",
      x.in.size() ? x.in[0] : 0, x.told("reverse", false) ? " from the last to the first" : "");
}

// For operations whose words depend on what they were told.
std::string told_words(const Arguments& x) {
  const std::string& op = x.op->known_op;
  if (op == "softmax") return softmax_words(x);
  if (op == "sum") return reduction_words(x, "All numbers are added up.", "The numbers are added up along");
  if (op == "mean") return reduction_words(x, "The mean of all numbers.", "The mean along");
  if (op == "mse_loss")
    return x.has_reduction("mean")
               ? "Mean squared error: one number for the whole batch."
               : "Squared error: " + (x.has_reduction("sum") ? batch_words(x) : "number by number.");
  if (op == "cross_entropy")
    return "How improbable the true classes are under softmax: " + batch_words(x) + count_words(x);
  if (op == "nll_loss") return "How improbable the true classes are: " + batch_words(x) + count_words(x);
  if (op == "lstm" || op == "gru" || op == "rnn_tanh" || op == "rnn_relu") return steps_words(x);
  if (op == "batch_norm")
    return x.told("training", true) ? "Each feature is centred and scaled by the mean and variance of the batch."
                                    : "Each feature is centred and scaled by the mean and variance kept from training.";
  if (op != "add") return "";
  if (!x.has(1)) return "A number is added to every element.";
  return x.number.empty() ? "Sum, element by element; what is smaller is broadcast."
                          : fmt::format("Sum, element by element, of the first and {} times the second.", x.number);
}

}  // namespace

const char* start_words() {
  return "Nothing is computed yet: here are the tensors that everything starts from. Press → to run the first "
         "operation.";
}
bool is_plain_seed(const Tensor& seed) { return seed.numel() == 1 && seed.item<double>() == 1; }
std::string objective_math() { return "<mi>𝒥</mi>"; }

std::string seed_words(const Tensor& seed) {
  const std::string then = " From here every operation multiplies what it receives by its local derivative.";
  if (is_plain_seed(seed))
    return "Backward starts at the result: the derivative of L with respect to itself is 1." + then;
  const std::string given = seed.numel() == 1 ? short_number(seed.item<double>()) : "the gradient below";
  return fmt::format(
             "Backward starts at the result. backward() was given {}: what is differentiated is 𝒥, {}.", given,
             seed.numel() == 1 ? given + " times the result" : "the sum of the results, each times its number there") +
         then;
}
const char* end_words() {
  return "From the loss back to a parameter, the norm of the gradient after every operation. A path that shrinks "
         "steadily is a vanishing gradient, one that grows is an exploding gradient. Where a line of the program ran "
         "again and again, a strip shows the norm that arrived each time, first to last; its colours are logarithmic, "
         "over eight powers of ten.";
}

std::string operation_words(const Picture& p, int node, const std::vector<int>& inputs) {
  const PicNode& n = p.nodes[static_cast<std::size_t>(node)];
  const auto known = words().find(n.known_op);
  std::string s = known != words().end() ? known->second : told_words(arguments_of(p, node, inputs, 0));
  if (s.empty()) s = fmt::format("The operation {} computes {}.", n.title, symbol_text(p, node));
  if (!n.saves.empty()) s += fmt::format(" It keeps {} for the way back.", fmt::join(n.saves, ", "));
  return s;
}

}  // namespace xgrad::viz
