// Tensor: a cheap handle to an n-dimensional array that can be on the tape of the automatic differentiation.
// Copying a Tensor copies the handle, not the data. Operations are in <xgrad/ops.hpp>.
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define XGRAD_KNOWS_THREADS 1
#endif

#include <xgrad/dtype.hpp>
#include <xgrad/error.hpp>
#include <xgrad/hook_handle.hpp>
#include <xgrad/shape.hpp>
#include <xgrad/tensor_in_place_methods.hpp>
#include <xgrad/tensor_methods.hpp>

namespace xgrad {

class Tensor;
class GraphNode;  // <xgrad/graph_node.hpp>

namespace detail {
struct TensorImpl;
struct TensorAccess;

// Counts of references. An atomic addition takes longer than all else in copying a handle, so there is none while the
// process has a single thread, which the C library knows.
inline bool is_only_thread() {
#ifdef XGRAD_KNOWS_THREADS
  return __libc_single_threaded;
#else
  return false;
#endif
}
inline void count_up(std::atomic<std::uint32_t>& n) {
  if (is_only_thread())
    n.store(n.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  else
    n.fetch_add(1, std::memory_order_relaxed);
}
// Whether it was the last.
inline bool count_down(std::atomic<std::uint32_t>& n) {
  if (!is_only_thread()) return n.fetch_sub(1, std::memory_order_acq_rel) == 1;
  const std::uint32_t left = n.load(std::memory_order_relaxed) - 1;
  n.store(left, std::memory_order_relaxed);
  return left == 0;
}

// Start of every reference-counted object of the library, so that copying a handle is inlined.
struct RefCounted {
  std::atomic<std::uint32_t> refs{1};
};
inline void retain(RefCounted* p) { count_up(p->refs); }

XGRAD_API void destroy(TensorImpl* p);
}  // namespace detail

// A half-open range with a step for Tensor::slice: Slice{} is everything, Slice{1, 3}, Slice{.step = 2}.
// Negative bounds count from the end and bounds are clipped, as in Python; step must be positive.
struct Slice {
  static constexpr std::int64_t kEnd = INT64_MAX;
  std::int64_t start = 0, stop = kEnd, step = 1;
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const Slice& s);  // "1:3", "::2"

// The tensors that a backward pass gives gradients to: `.inputs = {w, b}`, `.inputs = net.parameters()`.
class XGRAD_API BackwardInputs {
 public:
  static BackwardInputs every_leaf();                  // what the pass reaches
  BackwardInputs(std::initializer_list<Tensor> only);  // NOLINT
  BackwardInputs(std::vector<Tensor> only);            // NOLINT
  BackwardInputs(const Tensor& only);                  // NOLINT
  BackwardInputs(const BackwardInputs&);
  BackwardInputs(BackwardInputs&&) noexcept;
  BackwardInputs& operator=(const BackwardInputs&);
  BackwardInputs& operator=(BackwardInputs&&) noexcept;
  ~BackwardInputs();
  bool all() const { return all_; }
  const std::vector<Tensor>& only() const { return only_; }

 private:
  BackwardInputs();
  std::vector<Tensor> only_;
  bool all_ = false;
};

// Of backward().
struct BackwardOptions {
  bool retain_graph = false;  // keep what the backward pass needs, so that it can run again
  bool create_graph = false;  // record the pass itself (higher derivatives); keeps the graph as well
  BackwardInputs inputs = BackwardInputs::every_leaf();  // only these get a .grad, results as well as leaves
};
// Of grad().
struct GradOptions {
  bool retain_graph = false, create_graph = false;  // as above
  bool allow_unused = false;       // an input that does not influence the outputs gives an undefined tensor
  bool materialize_grads = false;  // it gives zeros of its shape
};

class XGRAD_API Tensor : public TensorMethods, public TensorInPlaceMethods {
 public:
  Tensor() noexcept : impl_(nullptr) {}  // undefined: holds nothing
  Tensor(const Tensor& o) : impl_(o.impl_) {
    if (impl_) detail::retain(reinterpret_cast<detail::RefCounted*>(impl_));
  }
  Tensor(Tensor&& o) noexcept : impl_(std::exchange(o.impl_, nullptr)) {}
  // To a variable: another handle. (To a part, x[0] = y: copies into it, below.)
  Tensor& operator=(const Tensor& o) & {
    Tensor copy(o);
    std::swap(impl_, copy.impl_);
    return *this;
  }
  Tensor& operator=(Tensor&& o) & noexcept {
    Tensor moved(std::move(o));
    std::swap(impl_, moved.impl_);
    return *this;
  }
  // A number does not fit a variable, which in PyTorch would be bound to the number and leave the tensor as it was.
  Tensor& operator=(Scalar) & = delete;  // x.fill_(v) writes into the tensor; x = tensor(v) is a new one
  // (A template, since 0 would be a null pointer.)
  template <std::same_as<std::nullptr_t> None>
  void operator=(None) && = delete;  // None to .grad: x.zero_grad() clears it
  ~Tensor() {
    if (impl_ && detail::count_down(reinterpret_cast<detail::RefCounted*>(impl_)->refs)) detail::destroy(impl_);
  }

  bool defined() const { return impl_ != nullptr; }
  // (None to bool: the compiler would not know which one !x means. Nor without `explicit`: nor x + 1.)
  template <Arithmetic T>
  requires(!std::same_as<T, bool>) explicit operator T() const = delete;  // the only element: x.item<double>()

  // ---- geometry (ValueError when undefined, here and below) ----
  DType dtype(Location at = Location::current()) const;
  // Of a temporary by value, so that `const Shape& s = (x * 2).shape();` keeps it.
  const Shape& shape(Location at = Location::current()) const&;
  Shape shape(Location at = Location::current()) && { return std::as_const(*this).shape(at); }
  const Shape& sizes(Location at = Location::current()) const& { return shape(at); }
  Shape sizes(Location at = Location::current()) && { return std::as_const(*this).shape(at); }
  const Shape& strides(Location at = Location::current()) const&;  // in elements
  Shape strides(Location at = Location::current()) && { return std::as_const(*this).strides(at); }
  std::int64_t dim(Location at = Location::current()) const;
  std::int64_t numel(Location at = Location::current()) const;
  std::int64_t size(std::int64_t d,
                    Location at = Location::current()) const;  // negative counts from the end; IndexError
  std::int64_t stride(std::int64_t d, Location at = Location::current()) const;
  void size() const = delete;   // size(0), shape(), numel()
  void begin() const = delete;  // row by row: for (const Tensor& row : unbind(x))
  void end() const = delete;    // row by row: for (const Tensor& row : unbind(x))
  template <std::integral D>
  void shape(D) const = delete;  // size(0), or shape()[0]
  bool is_contiguous(Location at = Location::current()) const;
  bool is_floating_point(Location at = Location::current()) const { return is_floating(dtype(at)); }

  // ---- data ----
  // Pointer to the first of numel() row-major elements. DTypeError when T is not the element type,
  // ValueError when not contiguous (call contiguous() first).
  template <class T>
  const T* data(Location at = Location::current()) const {
    return static_cast<const T*>(raw(dtype_of<T>, at));
  }
  void data() const = delete;  // with the type of the elements: data<float>()
  // The same for writing; counts as an in-place change. AutogradError for a tensor that requires grad while
  // gradients are recorded: detach() it or use a NoGradGuard.
  template <class T>
  T* mutable_data(Location at = Location::current()) {
    return static_cast<T*>(raw_mutable(dtype_of<T>, at));
  }
  // The only element converted to T, towards zero; ValueError when numel() != 1, or when an integer T cannot hold it.
  template <class T = double>
  T item(Location at = Location::current()) const {
    static_assert(Arithmetic<T> || std::is_enum_v<T>,
                  "xgrad: item<T>() gives a number, item<float>(); for all elements: to_vector<float>()");
    if constexpr (detail::integer_range<T>.digits > 0)
      return item_within(detail::integer_range<T>, at).template to<T>();
    else if constexpr (Arithmetic<T> || std::is_enum_v<T>)
      return item_scalar(at).template to<T>();
    else
      return detail::nothing<T>();
  }
  Scalar item_scalar(Location at = Location::current()) const;
  // Row-major copy of all elements, converted to T, any type of numbers. ValueError as for item().
  template <class T>
  std::vector<T> to_vector(Location at = Location::current()) const {
    static_assert(Arithmetic<T>, "xgrad: to_vector<T>() gives numbers: to_vector<float>(), to_vector<std::int64_t>()");
    if constexpr (Element<T>) {
      return elements<T>(detail::integer_range<T>, at);
    } else if constexpr (Arithmetic<T>) {
      const auto wide = elements<ElementFor<T>>(detail::integer_range<T>, at);
      std::vector<T> out(wide.size());
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<T>(wide[i]);
      return out;
    } else {
      return detail::nothing<std::vector<T>>();
    }
  }

  void to_vector() const = delete;  // with the type of the numbers: to_vector<float>()

  // ---- autograd ----
  bool requires_grad(Location at = Location::current()) const;
  // Marks a leaf as wanting a gradient. DTypeError when not floating, AutogradError on a non-leaf being unset.
  Tensor& requires_grad_(bool on = true, Location at = Location::current()) &;
  Tensor requires_grad_(bool on = true, Location at = Location::current()) && {
    return std::move(requires_grad_(on, at));
  }
  bool is_leaf(Location at = Location::current()) const;
  // Gradient accumulated by backward(); undefined when there is none.
  Tensor grad(Location at = Location::current()) const;
  // Replaces the gradient; an undefined g clears it. ShapeError/DTypeError when g does not fit.
  void set_grad(const Tensor& g, Location at = Location::current());
  // Clears the gradient (set_to_none, the default) or fills it with zeros.
  void zero_grad(bool set_to_none = true, Location at = Location::current());
  // Runs the tape backwards from this tensor and adds to .grad of every leaf that requires grad, or of the tensors that
  // `inputs` names. gradient: seed of this tensor's shape, may be left out for one element.
  // loss.backward({.retain_graph = true, .inputs = {w, b}}). A result among the inputs keeps its gradient from then on.
  // Throws AutogradError: no grad, non-scalar without seed, graph already freed, saved value overwritten; ShapeError
  // and DTypeError when the seed does not fit; ValueError for an empty list of inputs.
  void backward(const Tensor& gradient, BackwardOptions options = {}, Location at = Location::current()) const;
  void backward(BackwardOptions options = {}, Location at = Location::current()) const;
  void backward(bool, bool = false) const = delete;  // with their names: backward({.retain_graph = true})
  void backward(const Tensor&, bool, bool = false) const = delete;      // backward(g, {.retain_graph = true})
  void backward(const Tensor&, bool, bool, const std::vector<Tensor>&)  // backward(g, {.inputs = {w}})
      const = delete;
  // Keeps the gradient of a non-leaf in grad() during backward.
  void retain_grad(Location at = Location::current());
  bool retains_grad(Location at = Location::current()) const;  // of a non-leaf; false for a leaf
  // fn sees the gradient of this tensor and may return a replacement (undefined, or nothing at all: keep). Of several,
  // each sees what the one before made of it.
  HookHandle register_hook(std::function<Tensor(const Tensor&)> fn, Location at = Location::current());
  template <detail::ReturnsNothing<const Tensor&> F>
  HookHandle register_hook(F fn, Location at = Location::current()) {
    return register_hook(detail::without_result<std::function<Tensor(const Tensor&)>>(std::move(fn)), at);
  }
  // fn(x) runs after a backward pass has added to the .grad of this leaf; nothing is recorded inside it (but under
  // create_graph). What it throws ends the pass, whose gradients are all in place. AutogradError: not a leaf.
  HookHandle register_post_accumulate_grad_hook(std::function<void(Tensor&)> fn, Location at = Location::current());
  template <class Handle>
  void remove_hook(const Handle&) = delete;  // the handle removes it: auto h = x.register_hook(f); h.remove()
  // Shares the data, off the tape.
  [[nodiscard]] Tensor detach(Location at = Location::current()) const;
  // The operation that made it, as a node of the graph (<xgrad/graph_node.hpp>); false for a leaf.
  GraphNode grad_fn(Location at = Location::current()) const;
  // Name of the operation that made it ("" for a leaf).
  const char* grad_fn_name(Location at = Location::current()) const;
  // Whether it was made in InferenceMode (<xgrad/autograd.hpp>).
  bool is_inference(Location at = Location::current()) const;
  // Number of in-place changes of the underlying storage.
  std::uint32_t version(Location at = Location::current()) const;

  // Takes over the data (dtype, shape, memory) of another tensor; gradient, hooks and name stay. For casting and
  // loading modules, whose members all share one handle. AutogradError on a non-leaf.
  void set_data(const Tensor& source, Location at = Location::current());

  // Name for messages and pictures ("fc1.weight").
  const std::string& name(Location at = Location::current()) const&;
  std::string name(Location at = Location::current()) && { return std::as_const(*this).name(at); }
  Tensor& set_name(std::string name, Location at = Location::current()) &;
  Tensor set_name(std::string name, Location at = Location::current()) && {
    return std::move(set_name(std::move(name), at));
  }

  // ---- copies and casts ----
  [[nodiscard]] Tensor to(DType dtype,
                          Location at = Location::current()) const;  // differentiable between floating types
  template <class T>
  requires std::is_convertible_v<T, std::string> Tensor to(const T&)
  const = delete;                                                       // x.to(kFloat64); there is one device, the CPU
  [[nodiscard]] Tensor clone(Location at = Location::current()) const;  // differentiable copy, contiguous
  [[nodiscard]] Tensor contiguous(Location at = Location::current()) const;  // itself when already contiguous

  // ---- in place (version-counted; recorded when on the tape; refused on a leaf that requires grad) ----
  // Of a temporary they return a value, so that `const Tensor& w = rand({3}).mul_(2);` keeps it.
  Tensor& copy_(const Tensor& src, Location at = Location::current()) &;  // broadcasts and casts
  Tensor copy_(const Tensor& src, Location at = Location::current()) && { return std::move(copy_(src, at)); }
  Tensor& fill_(Scalar v, Location at = Location::current()) &;
  Tensor fill_(Scalar v, Location at = Location::current()) && { return std::move(fill_(v, at)); }
  Tensor& fill_(const Tensor& v, Location at = Location::current()) &;  // 0-d; gets the sum of the gradients
  Tensor fill_(const Tensor& v, Location at = Location::current()) && { return std::move(fill_(v, at)); }
  Tensor& zero_(Location at = Location::current()) &;
  Tensor zero_(Location at = Location::current()) && { return std::move(zero_(at)); }
  Tensor& add_(const Tensor& o, Scalar alpha = 1, Location at = Location::current()) &;
  Tensor add_(const Tensor& o, Scalar alpha = 1, Location at = Location::current()) && {
    return std::move(add_(o, alpha, at));
  }
  Tensor& add_(Scalar v, Location at = Location::current()) &;
  Tensor add_(Scalar v, Location at = Location::current()) && { return std::move(add_(v, at)); }
  Tensor& sub_(Scalar v, Location at = Location::current()) &;
  Tensor sub_(Scalar v, Location at = Location::current()) && { return std::move(sub_(v, at)); }
  Tensor& sub_(const Tensor& o, Scalar alpha = 1, Location at = Location::current()) &;
  Tensor sub_(const Tensor& o, Scalar alpha = 1, Location at = Location::current()) && {
    return std::move(sub_(o, alpha, at));
  }
  Tensor& mul_(const Tensor& o, Location at = Location::current()) &;
  Tensor mul_(const Tensor& o, Location at = Location::current()) && { return std::move(mul_(o, at)); }
  Tensor& mul_(Scalar v, Location at = Location::current()) &;
  Tensor mul_(Scalar v, Location at = Location::current()) && { return std::move(mul_(v, at)); }
  Tensor& div_(const Tensor& o, Location at = Location::current()) &;
  Tensor div_(const Tensor& o, Location at = Location::current()) && { return std::move(div_(o, at)); }
  Tensor& div_(Scalar v, Location at = Location::current()) &;
  Tensor div_(Scalar v, Location at = Location::current()) && { return std::move(div_(v, at)); }
  Tensor& clamp_(Scalar lo, Scalar hi, Location at = Location::current()) &;
  Tensor clamp_(Scalar lo, Scalar hi, Location at = Location::current()) && { return std::move(clamp_(lo, hi, at)); }
  Tensor& clamp_(const Tensor& lo, const Tensor& hi, Location at = Location::current()) &;
  Tensor clamp_(const Tensor& lo, const Tensor& hi, Location at = Location::current()) && {
    return std::move(clamp_(lo, hi, at));
  }
  Tensor& div_(const Tensor& o, Rounding rounding, Location at = Location::current()) &;
  Tensor div_(const Tensor& o, Rounding rounding, Location at = Location::current()) && {
    return std::move(div_(o, rounding, at));
  }
  Tensor& div_(Scalar v, Rounding rounding, Location at = Location::current()) &;
  Tensor div_(Scalar v, Rounding rounding, Location at = Location::current()) && {
    return std::move(div_(v, rounding, at));
  }

  // ---- views and shape (same as the free functions of <xgrad/ops/view.hpp>) ----
  [[nodiscard]] Tensor view(const Shape& shape, Location at = Location::current()) const;
  [[nodiscard]] Tensor reshape(const Shape& shape, Location at = Location::current()) const;
  [[nodiscard]] Tensor flatten(std::int64_t start_dim = 0, std::int64_t end_dim = -1,
                               Location at = Location::current()) const;
  [[nodiscard]] Tensor squeeze(Location at = Location::current()) const;
  [[nodiscard]] Tensor squeeze(std::int64_t dim, Location at = Location::current()) const;
  [[nodiscard]] Tensor squeeze(const Shape& dims, Location at = Location::current()) const;
  [[nodiscard]] Tensor unsqueeze(std::int64_t dim, Location at = Location::current()) const;
  [[nodiscard]] Tensor transpose(std::int64_t dim0, std::int64_t dim1, Location at = Location::current()) const;
  [[nodiscard]] Tensor t(Location at = Location::current()) const;  // transpose of rank <= 2
  [[nodiscard]] Tensor permute(const Shape& dims, Location at = Location::current()) const;
  [[nodiscard]] Tensor expand(const Shape& shape, Location at = Location::current()) const;
  [[nodiscard]] Tensor slice(std::int64_t dim, std::int64_t start = 0, std::int64_t stop = Slice::kEnd,
                             std::int64_t step = 1, Location at = Location::current()) const;
  [[nodiscard]] Tensor narrow(std::int64_t dim, std::int64_t start, std::int64_t length,
                              Location at = Location::current()) const;
  [[nodiscard]] Tensor select(std::int64_t dim, std::int64_t index, Location at = Location::current()) const;
  // Dimensions, places and sizes are integers: 1.5 would be cut, true would be 1.
  template <detail::NoDimension T, class... More>
  Tensor flatten(T, const More&...) const = delete;  // a dimension is an integer
  template <detail::NoDimension T, class... More>
  Tensor squeeze(T, const More&...) const = delete;  // a dimension is an integer
  template <detail::NoDimension T, class... More>
  Tensor unsqueeze(T, const More&...) const = delete;  // a dimension is an integer
  template <detail::NoDimension T, class... More>
  Tensor argmax(T, const More&...) const = delete;  // a dimension is an integer; x.argmax(1, true) keeps it
  template <class D, std::floating_point T, class... More>
  Tensor transpose(D, T, const More&...) const = delete;  // a dimension is an integer
  template <class D, std::floating_point T, class... More>
  Tensor select(D, T, const More&...) const = delete;  // an index is an integer
  template <class D, std::floating_point T, class... More>
  Tensor narrow(D, T, const More&...) const = delete;  // sizes are integers: static_cast<std::int64_t>(n)
  template <std::integral D, std::integral S, std::floating_point T, class... More>
  Tensor narrow(D, S, T, const More&...) const = delete;  // sizes are integers: static_cast<std::int64_t>(n)
  template <class D, std::floating_point T, class... More>
  Tensor slice(D, T, const More&...) const = delete;  // places are integers
  // An index together with the place it was written, so that an error in x[i] can name the line.
  struct Index {
    Index(std::int64_t i, Location where = Location::current()) : value(i), at(where) {}  // NOLINT
    std::int64_t value;
    Location at;
  };
  Tensor operator[](Index index) const { return select(0, index.value, index.at); }
  // What else PyTorch takes in brackets has a name here.
  template <detail::NoDimension T>
  Tensor operator[](T) const = delete;  // an index is an integer; a new dimension in front: x.unsqueeze(0)
  template <class T>
  requires std::is_convertible_v<T, std::string>   //
      Tensor operator[](const T&) const = delete;  // a tensor has no names: x[0], net.get_parameter("fc.weight")
  template <std::same_as<Slice> T>
  Tensor operator[](T) const = delete;  // x.slice(dim, start, stop, step)
  template <std::derived_from<Tensor> T>
  Tensor operator[](const T&) const = delete;  // x.index({mask}); to assign: x.index_put_({mask}, v)
  template <std::integral T>
  Tensor operator[](std::initializer_list<T>) const = delete;  // x[i][j], or x.slice(dim, start, stop)
  // Assigning to a part changes the whole: x[0] = y and x.select(1, 2) = y are copy_(y), x[0] = 1 is fill_(1).
  struct Source {
    Source(const Tensor& t, Location where = Location::current()) : tensor(&t), at(where) {}  // NOLINT
    template <Arithmetic T>
    Source(T v, Location where = Location::current()) : number(v), at(where) {}  // NOLINT
    const Tensor* tensor = nullptr;                                              // or the number
    Scalar number = 0;
    Location at;
  };
  // ValueError for a temporary that is no part of anything, as x.index({mask}) = 0: what was written would be lost.
  Tensor operator=(const Source& from) && {  // NOLINT: a value, of what is gone at the end of the statement
    require_part(from.at);
    return from.tensor ? copy_(*from.tensor, from.at) : fill_(from.number, from.at);
  }

  // Sizes stand in braces, x.view({2, -1}).
  template <std::integral... N>
  Tensor view(N...) const = delete;  // sizes in braces: x.view({2, -1})
  template <std::integral... N>
  Tensor reshape(N...) const = delete;  // sizes in braces: x.reshape({2, -1})
  template <std::integral... N>
  Tensor permute(N...) const = delete;  // dimensions in braces: x.permute({1, 0})
  template <std::integral... N>
  Tensor expand(N...) const = delete;  // sizes in braces: x.expand({2, 3})

  // ---- reductions (same as the free functions of <xgrad/ops/reduce.hpp>) ----
  [[nodiscard]] Tensor sum(Location at = Location::current()) const;
  [[nodiscard]] Tensor sum(const Shape& dims, bool keepdim = false, Location at = Location::current()) const;
  [[nodiscard]] Tensor mean(Location at = Location::current()) const;
  [[nodiscard]] Tensor mean(const Shape& dims, bool keepdim = false, Location at = Location::current()) const;
  // Over one dimension. (Templates, so that {} stays a list of dimensions.)
  template <detail::Dimension D>
  [[nodiscard]] Tensor sum(D dim, bool keepdim = false, Location at = Location::current()) const {
    return sum(Shape{static_cast<std::int64_t>(dim)}, keepdim, at);
  }
  template <detail::Dimension D>
  [[nodiscard]] Tensor mean(D dim, bool keepdim = false, Location at = Location::current()) const {
    return mean(Shape{static_cast<std::int64_t>(dim)}, keepdim, at);
  }
  template <detail::NoDimension T, class... More>
  Tensor sum(T, const More&...) const = delete;  // dimensions are integers; of all of them: x.sum({}, true)
  template <detail::NoDimension T, class... More>
  Tensor mean(T, const More&...) const = delete;  // dimensions are integers; of all of them: x.mean({}, true)
  using TensorMethods::mean;
  using TensorMethods::sum;
  [[nodiscard]] Tensor argmax(Location at = Location::current()) const;  // of the flattened tensor
  [[nodiscard]] Tensor argmax(std::int64_t dim, bool keepdim = false, Location at = Location::current()) const;
  template <std::integral D, std::integral K>
  requires(!std::same_as<K, bool>)  //
      Tensor sum(D, K)              // dimensions in braces: x.sum({0, 1}); keepdim is true or false
  const = delete;
  template <std::integral D, std::integral K>
  requires(!std::same_as<K, bool>)  //
      Tensor mean(D, K)             // dimensions in braces: x.mean({0, 1}); keepdim is true or false
  const = delete;
  template <std::integral K>
  requires(!std::same_as<K, bool>)    //
      Tensor argmax(std::int64_t, K)  // argmax(dim, keepdim): keepdim is true or false
  const = delete;

  // Same object (not same values).
  bool is_same(const Tensor& o) const { return impl_ == o.impl_; }
  // The address of that object: equal for all handles of one tensor, as Python's id() while the tensor lives.
  const void* id() const { return impl_; }

 private:
  // Of integers that the range holds, unless it is empty: ValueError for others.
  Scalar item_within(detail::IntegerRange range, Location at) const;
  template <Element T>
  std::vector<T> elements(detail::IntegerRange range, Location at) const;
  void require_part(Location at) const;
  friend struct detail::TensorAccess;
  const void* raw(DType want, Location at) const;
  void* raw_mutable(DType want, Location at);

  detail::TensorImpl* impl_;
};

template <std::derived_from<Tensor> Mask>
Tensor TensorMethods::index(const Mask& mask, Location at) const {
  return index_by(mask, at);
}

extern template XGRAD_API std::vector<float> Tensor::elements<float>(detail::IntegerRange, Location) const;
extern template XGRAD_API std::vector<double> Tensor::elements<double>(detail::IntegerRange, Location) const;
extern template XGRAD_API std::vector<std::int64_t> Tensor::elements<std::int64_t>(detail::IntegerRange,
                                                                                   Location) const;
extern template XGRAD_API std::vector<std::int32_t> Tensor::elements<std::int32_t>(detail::IntegerRange,
                                                                                   Location) const;
extern template XGRAD_API std::vector<std::uint8_t> Tensor::elements<std::uint8_t>(detail::IntegerRange,
                                                                                   Location) const;
extern template XGRAD_API std::vector<bool> Tensor::elements<bool>(detail::IntegerRange, Location) const;

// Tensors with names, in order: named parameters, a state_dict, the contents of a file.
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

struct PrintOptions {
  int precision = 4;              // digits after the point
  std::int64_t threshold = 1000;  // more elements than this are summarised
  int edge_items = 3;             // items shown at each end of a summarised dimension
  int line_width = 80;
};
// NumPy-like text with dtype, shape and grad_fn.
XGRAD_API std::string to_string(const Tensor& t, const PrintOptions& options = {});
XGRAD_API std::ostream& operator<<(std::ostream& os, const Tensor& t);
// One after the other: a list of tensors, "fc.weight: tensor(...)" for those with names.
XGRAD_API std::ostream& operator<<(std::ostream& os, const std::vector<Tensor>& list);
XGRAD_API std::ostream& operator<<(std::ostream& os, const std::pair<std::string, Tensor>& named);
XGRAD_API std::ostream& operator<<(std::ostream& os, const NamedTensors& list);

}  // namespace xgrad
