#include <string_view>

#include <fmt/format.h>

#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/module_scope.hpp>

#include "core/missing_gradient.hpp"
#include "core/own_file.hpp"
#include "core/running_op.hpp"
#include "core/tensor_impl.hpp"

namespace xgrad {
namespace {

std::string base_name(const char* path) {
  std::string s(path);
  const auto slash = s.find_last_of('/');
  return slash == std::string::npos ? s : s.substr(slash + 1);
}

// "Net.fc1 : Linear(4 → 8)"; a module without a parent is called by its type, and once is enough.
std::string described(const ModuleCall& module) {
  const std::string path = module.path(), &label = module.info->label;
  return path == label.substr(0, label.find('(')) ? label : fmt::format("{} : {}", path, label);
}

thread_local const Location* call_site = nullptr;

}  // namespace

namespace detail {

bool is_own_file(std::string_view path) {
  constexpr std::string_view self = __FILE__, tail = "autograd/src/core/error.cpp";
  constexpr std::string_view root = self.substr(0, self.size() - tail.size());
  if (path.find("/include/xgrad/") != path.npos) return true;
  if (!path.starts_with(root)) return false;
  for (const std::string_view part : {"autograd/", "nn/", "optim/", "data/", "viz/", "train/", "fronts/"})
    if (path.substr(root.size()).starts_with(part)) return true;
  return false;
}

CallSite::CallSite(const Location& at) : outermost_(!call_site), at_(at) {
  if (outermost_) call_site = &at_;
}
CallSite::~CallSite() {
  if (outermost_) call_site = nullptr;
}

namespace {
thread_local const OuterOp* outer_op = nullptr;
}  // namespace

OuterOp::OuterOp(const char* name, const char* pass, const Location& at)
    : name_(name), pass_(pass), at_(at), previous_(outer_op) {
  outer_op = this;
}
OuterOp::~OuterOp() { outer_op = previous_; }

std::string OuterOp::described(const std::string& op) {
  std::string text;
  for (const OuterOp* outer = outer_op; outer; outer = outer->previous_) {
    if (op == outer->name_) continue;
    text += fmt::format("\n  within {} ({})", outer->name_, outer->pass_);
    if (*outer->at_.file_name())
      text += fmt::format(", called at {}:{}", base_name(outer->at_.file_name()), outer->at_.line());
  }
  return text;
}

Location user_line(const Location& at) { return call_site && is_own_file(at.file_name()) ? *call_site : at; }

}  // namespace detail

void Shape::too_many(std::size_t n, const Location& at) {
  ErrorReport("Shape", fmt::format("rank {} exceeds the maximum of {}", n, kMaxRank), at).shape_error();
}

void Shape::outside(std::int64_t i, const Location& at) const {
  ErrorReport("Shape", fmt::format("index {} is out of range of the {} numbers of {}", i, size(), to_string(*this)), at)
      .index_error();
}

std::string to_string(const Shape& s) { return fmt::format("({})", fmt::join(s.begin(), s.end(), ", ")); }

void detail::print_location(std::ostream& os, const Location& at) {
  if (at.line() == 0)
    os << "unknown place";
  else
    os << base_name(at.file_name()) << ':' << at.line();
}

ErrorReport::ErrorReport(const char* op, const std::string& rule, Location at)
    : head_(fmt::format("xgrad: {}: {}", op, rule)) {
  const auto& module = detail::current_module();
  const Location line = detail::user_line(at);
  std::string place;
  if (*line.file_name()) place = fmt::format("called at {}:{}", base_name(line.file_name()), line.line());
  if (module) place = place.empty() ? described(*module) : fmt::format("{}, {}", described(*module), place);
  if (!place.empty()) where_ = "\n  in     " + place;
  where_ += detail::OuterOp::described(op);
}

ErrorReport& ErrorReport::operand(const std::string& role, const Tensor& t) & {
  if (!t.defined()) return line(role, "undefined");
  std::string name = t.name();
  if (const detail::TensorImpl* base = detail::impl(t).base; name.empty() && base && base->extra)
    if (!base->extra->name.empty()) name = base->extra->name + " (view)";
  return line(role,
              fmt::format("{}{}{} {}", name, name.empty() ? "" : "  ", short_name(t.dtype()), to_string(t.shape())));
}

ErrorReport& ErrorReport::line(const std::string& role, const std::string& text) & {
  body_ += fmt::format("\n  {:<6} {}", role, text);
  return *this;
}

ErrorReport& ErrorReport::help(const std::string& text) & {
  help_ = "\n  help   " + text;
  return *this;
}

std::string ErrorReport::text() const { return head_ + body_ + where_ + help_; }
void ErrorReport::shape_error() const { throw ShapeError(text()); }
void ErrorReport::dtype_error() const { throw DTypeError(text()); }
void ErrorReport::index_error() const { throw IndexError(text()); }
void ErrorReport::value_error() const { throw ValueError(text()); }
void ErrorReport::autograd_error() const { throw AutogradError(text()); }
void ErrorReport::io_error() const { throw IoError(text()); }
void ErrorReport::out_of_memory_error() const { throw OutOfMemoryError(text()); }

void require_defined(const char* op, const Tensor& x, Location at) {
  detail::note_op(op, at);
  if (x.defined()) [[likely]]
    return;
  ErrorReport report(op, "got an undefined tensor", at);
  detail::explain_missing_gradient(report, at);
  report.value_error();
}

void require_floating(const char* op, const Tensor& x, Location at) {
  require_defined(op, x, at);
  if (!is_floating(x.dtype())) [[unlikely]]
    ErrorReport(op, fmt::format("needs a floating tensor, got {}; cast first", name(x.dtype())), at)
        .operand("input", x)
        .dtype_error();
}

void require_same_dtype(const char* op, const Tensor& a, const Tensor& b, Location at) {
  require_defined(op, a, at);
  require_defined(op, b, at);
  if (a.dtype() != b.dtype()) [[unlikely]]
    ErrorReport(op, fmt::format("dtypes differ ({} and {})", name(a.dtype()), name(b.dtype())), at)
        .operand("left", a)
        .operand("right", b)
        .help("cast one of them with to()")
        .dtype_error();
}

void require_same_shape(const char* op, const Tensor& a, const Tensor& b, Location at) {
  require_defined(op, a, at);
  require_defined(op, b, at);
  if (!(a.shape() == b.shape())) [[unlikely]]
    ErrorReport(op, fmt::format("shapes {} and {} differ", to_string(a.shape()), to_string(b.shape())), at)
        .operand("left", a)
        .operand("right", b)
        .shape_error();
}

void require_rank(const char* op, const Tensor& x, int rank, Location at) {
  require_defined(op, x, at);
  if (x.dim() != rank) [[unlikely]]
    ErrorReport(op, fmt::format("needs a tensor of rank {}, got rank {}", rank, x.dim()), at)
        .operand("input", x)
        .shape_error();
}

void require_index_dtype(const char* op, const Tensor& x, Location at) {
  require_defined(op, x, at);
  if (x.dtype() != DType::int64 && x.dtype() != DType::int32) [[unlikely]]
    ErrorReport(op, fmt::format("index must be int64, got {}", name(x.dtype())), at).operand("index", x).dtype_error();
}

int wrap_dim(const char* op, std::int64_t dim, int rank, Location at) {
  detail::note_op(op, at);
  const std::int64_t r = rank == 0 ? 1 : rank;
  if (dim < -r || dim >= r) [[unlikely]]
    ErrorReport(op, fmt::format("dim {} out of range [{}, {}]", dim, -r, r - 1), at).index_error();
  return static_cast<int>(dim < 0 ? dim + r : dim);
}

int wrap_dim(const char* op, std::int64_t dim, const Tensor& x, Location at) {
  require_defined(op, x, at);
  const std::int64_t r = x.dim() == 0 ? 1 : x.dim();
  if (dim < -r || dim >= r) [[unlikely]]
    ErrorReport(op, fmt::format("dim {} out of range [{}, {}]", dim, -r, r - 1), at).operand("input", x).index_error();
  return static_cast<int>(dim < 0 ? dim + r : dim);
}

namespace {
// -1 when they broadcast, else the dimension of the result that does not.
int broadcast_into(const Shape& a, const Shape& b, Shape& out) {
  const Shape& longer = a.rank() >= b.rank() ? a : b;
  const Shape& other = a.rank() >= b.rank() ? b : a;
  out = longer;
  const int lead = longer.rank() - other.rank();
  for (int i = 0; i < other.rank(); ++i) {
    const std::int64_t m = longer[i + lead], n = other[i];
    if (m == n || n == 1) continue;
    if (m != 1) return i + lead;
    out[i + lead] = n;
  }
  return -1;
}

std::string broadcast_rule(const Shape& a, const Shape& b, int dim) {
  const int rank = std::max(a.rank(), b.rank());
  return fmt::format("shapes {} and {} do not broadcast: dimension {} is {} and {}", to_string(a), to_string(b), dim,
                     a[dim - (rank - a.rank())], b[dim - (rank - b.rank())]);
}
}  // namespace

Shape broadcast_shapes(const char* op, const Shape& a, const Shape& b, Location at) {
  detail::note_op(op, at);
  Shape out;
  if (const int bad = broadcast_into(a, b, out); bad >= 0) [[unlikely]]
    ErrorReport(op, broadcast_rule(a, b, bad), at).shape_error();
  return out;
}

Shape broadcast_shapes(const char* op, const Tensor& a, const Tensor& b, Location at) {
  detail::note_op(op, at);
  Shape out;
  if (const int bad = broadcast_into(a.shape(), b.shape(), out); bad >= 0) [[unlikely]]
    ErrorReport(op, broadcast_rule(a.shape(), b.shape(), bad), at).operand("left", a).operand("right", b).shape_error();
  return out;
}

}  // namespace xgrad
