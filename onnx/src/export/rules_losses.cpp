// Losses, as the formulas they are.
#include <cmath>

#include "export/rules.hpp"

namespace xgrad::onnx {
namespace {

using Value = std::string;

// The losses of all elements, or their mean or sum.
void reduce_losses(Op& op, const Value& losses, std::int64_t rank) {
  const std::string how = op.text("reduction");
  if (how == "none" || rank == 0) return op.set_result(losses);
  op.finish(how == "mean" ? "ReduceMean" : "ReduceSum", {losses}, {{"keepdims", std::int64_t{0}}});
}
void reduce_losses(Op& op, const Value& losses) { reduce_losses(op, losses, op.rank_in(0)); }

Value difference(Op& op) { return op.emit("Sub", {op.in(0), op.in(1)}); }
Value distance(Op& op) { return op.emit("Abs", {difference(op)}); }

void mse(Op& op) {
  const Value d = difference(op);
  reduce_losses(op, op.emit("Mul", {d, d}));
}
void l1(Op& op) { reduce_losses(op, distance(op)); }
// d^2 / 2 up to the bound, then bound (d - bound / 2); the smooth form is that over the bound.
void huber(Op& op, double bound, double scale) {
  const Value d = distance(op), near = op.emit("Less", {d, op.number(bound)});
  const Value square = op.emit("Mul", {op.emit("Mul", {d, d}), op.number(0.5 * scale)});
  const Value line = op.emit("Mul", {op.emit("Sub", {d, op.number(bound / 2)}), op.number(bound * scale)});
  reduce_losses(op, where_node(op, near, square, line));
}
void smooth_l1(Op& op) {
  const double beta = op.f("beta");
  if (beta == 0) return l1(op);
  huber(op, beta, 1 / beta);
}
void huber(Op& op) { huber(op, op.f("delta"), 1); }

void kl_div(Op& op) {
  const Value x = op.in(0), y = op.in(1);
  if (op.flag("log_target")) return reduce_losses(op, op.emit("Mul", {op.emit("Exp", {y}), op.emit("Sub", {y, x})}));
  const Value none = op.emit("Equal", {y, op.number(0)});
  const Value entropy = op.emit("Mul", {y, op.emit("Log", {where_node(op, none, op.number(1), y)})});
  reduce_losses(op, op.emit("Sub", {entropy, op.emit("Mul", {y, x})}));
}

// -y log x - (1 - y) log(1 - x), logarithms being -100 at least.
void bce(Op& op) {
  const Value x = op.in(0), y = op.in(1), least = op.number(-100);
  const Value inside = op.emit("Max", {op.emit("Log", {x}), least});
  const Value outside = op.emit("Max", {log1p_of(op, op.emit("Neg", {x})), least});
  const Value rest = op.emit("Mul", {op.emit("Sub", {y, op.number(1)}), outside});
  reduce_losses(op, op.emit("Sub", {rest, op.emit("Mul", {y, inside})}));
}
// w (c |x| + ((p - 1) y + 1) log(1 + exp(-|x|))), c being 1 - y of positive x and p y of others.
void bce_of_logits(Op& op) {
  const Value x = op.in(0), y = op.in(1), size = op.emit("Abs", {x}), one = op.number(1);
  const bool weighted = op.count() > 2;
  const Value positive = weighted ? op.emit("Mul", {op.in(3), y}) : y;
  const Value c = where_node(op, op.emit("Greater", {x, op.number(0)}), op.emit("Sub", {one, y}), positive);
  const Value none = op.emit("Equal", {c, op.number(0)});
  const Value line = where_node(op, none, op.number(0), op.emit("Mul", {c, size}));
  Value bend = log1p_of(op, op.emit("Exp", {op.emit("Neg", {size})}));
  if (!weighted) return reduce_losses(op, op.emit("Add", {line, bend}));
  const Value factor = op.emit("Add", {op.emit("Mul", {op.emit("Sub", {op.in(3), one}), y}), one});
  bend = op.emit("Mul", {factor, bend});
  reduce_losses(op, op.emit("Mul", {op.in(2), op.emit("Add", {line, bend})}));
}

// The class of each row, its weight, and what is ignored; scores is (N, C, ...), or (C) without a batch.
class Targets {
 public:
  explicit Targets(Op& op) : op_(op), dim_(op.rank_in(0) == 1 ? 0 : 1), target_(op.in(1, kInt64)) {
    ignored_ = op.emit("Equal", {target_, op.whole(op.i("ignore_index"))});
    used_ = where_node(op, ignored_, op.whole(0), target_);
    weight_ = op.has(2) ? op.emit("Gather", {op.in(2, op.dtype()), used_}) : op.number(1);
    weight_ = where_node(op, ignored_, op.number(0), weight_);
  }
  // -weight log p of the class, of logarithms of probabilities; with smoothing s it counts as 1 - s, and every one of
  // all C classes, with its own weight, as s / C.
  Value losses(const Value& logs, double smoothing = 0) const {
    const Value column = op_.emit("Unsqueeze", {used_, op_.list({dim_})});
    const Value picked = op_.emit("GatherElements", {logs, column}, {{"axis", dim_}});
    const Value flat = op_.emit("Squeeze", {picked, op_.list({dim_})});
    Value product = op_.emit("Mul", {op_.emit("Neg", {flat}), weight_});
    if (smoothing != 0) {
      const Value own = op_.emit("Mul", {product, op_.number(1 - smoothing)});
      product = op_.emit("Add", {own, losses_of_all(logs, smoothing)});
    }
    return where_node(op_, ignored_, op_.number(0), product);
  }
  void finish(const Value& losses) const {
    const std::string how = op_.text("reduction");
    if (how == "none" || op_.rank_in(1) == 0) {
      if (how != "mean") return op_.set_result(losses);
      return op_.finish("Div", {losses, weight_});
    }
    const NodeAttributes all{{"keepdims", std::int64_t{0}}};
    const Value total = op_.emit("ReduceSum", {losses}, all);
    if (how == "sum") return op_.set_result(total);
    op_.finish("Div", {total, op_.emit("ReduceSum", {weight_}, all)});
  }

 private:
  Value losses_of_all(const Value& logs, double smoothing) const {
    const DynamicSize classes = op_.size_in(0, dim_);
    if (!classes.fixed()) op_.refuse("label smoothing over a dynamic number of classes");
    Value all = logs;
    if (op_.has(2)) {
      std::vector<std::int64_t> behind;
      for (std::int64_t d = dim_ + 1; d < op_.rank_in(0); ++d) behind.push_back(d - dim_);
      const Value weights = op_.in(2, op_.dtype());
      all = op_.emit("Mul", {logs, behind.empty() ? weights : op_.emit("Unsqueeze", {weights, op_.list(behind)})});
    }
    const Value sum = op_.emit("ReduceSum", {all, op_.list({dim_})}, {{"keepdims", std::int64_t{0}}});
    return op_.emit("Mul", {sum, op_.number(-smoothing / static_cast<double>(classes.factor))});
  }

  Op& op_;
  std::int64_t dim_;
  Value target_, ignored_, used_, weight_;
};
void nll(Op& op) {
  const Targets t(op);
  t.finish(t.losses(op.in(0)));
}
void cross_entropy(Op& op) {
  const std::int64_t dim = op.rank_in(0) == 1 ? 0 : 1;
  const Value logs = op.emit("LogSoftmax", {op.in(0)}, {{"axis", dim}});
  if (is_floating(op.dtype_in(1))) {
    const Value shares = op.emit("Neg", {op.emit("Mul", {op.in(1), logs})});
    return op.finish("ReduceSum", {shares, op.list({dim})}, {{"keepdims", std::int64_t{0}}});
  }
  const Targets t(op);
  t.finish(t.losses(logs, op.f("label_smoothing")));
}

}  // namespace

std::span<const NamedRule> loss_rules() {
  static const NamedRule all[] = {
      {"binary_cross_entropy", bce},
      {"binary_cross_entropy_with_logits", bce_of_logits},
      {"cross_entropy", cross_entropy},
      {"huber_loss", huber},
      {"kl_div", kl_div},
      {"l1_loss", l1},
      {"mse_loss", mse},
      {"nll_loss", nll},
      {"smooth_l1_loss", smooth_l1},
  };
  return all;
}

}  // namespace xgrad::onnx
