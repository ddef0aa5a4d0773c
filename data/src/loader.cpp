#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/data/loader.hpp>
#include <xgrad/detail/raw_bytes.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/parallel.hpp>

namespace xgrad::data {

namespace detail {
namespace {

constexpr std::int64_t kSmallExample = 16 << 10;  // bytes

std::int64_t bytes(const Tensor& t) { return t.defined() ? t.numel() * item_size(t.dtype()) : 0; }

// Prefetches the memory of an example that is copied soon, while the next ones are prepared. (Always inlined: GCC
// drops calls of a function that does nothing else.)
[[gnu::always_inline]] inline void prefetch(const Tensor& t) {
  const std::int64_t n = bytes(t);
  if (n == 0 || n > kSmallExample || !t.is_contiguous()) return;
  const char* p = static_cast<const char*>(xgrad::detail::raw_bytes(t));
  for (std::int64_t i = 0; i < n; i += 64) __builtin_prefetch(p + i, 0, 2);
}

Tensor stack_examples(const std::vector<Tensor>& parts, const Location& at) {
  std::optional<xgrad::detail::SerialGuard> alone;  // small ones are in this core's cache
  if (bytes(parts.front()) <= kSmallExample) alone.emplace();
  return stack(parts, 0, at);
}

void require_all(const char* what, const std::vector<Tensor>& parts, std::span<const std::int64_t> indices,
                 const Location& at) {
  const auto none = std::ranges::find_if_not(parts, &Tensor::defined),
             some = std::ranges::find_if(parts, &Tensor::defined);
  if (none == parts.end()) return;
  const auto example = [&](auto part) { return indices[static_cast<std::size_t>(part - parts.begin())]; };
  ErrorReport("DataLoader",
              fmt::format("example {} of the dataset has no {}{}", example(none), what,
                          some == parts.end() ? "" : fmt::format(", example {} has one", example(some))),
              at)
      .value_error();
}

}  // namespace

Example collate(std::span<const std::int64_t> indices, const std::function<Example(std::int64_t)>& get, Location at) {
  std::vector<Tensor> data, target;
  data.reserve(indices.size());
  target.reserve(indices.size());
  for (const std::int64_t i : indices) {
    Example e = get(i);
    prefetch(e.data);
    data.push_back(std::move(e.data));
    target.push_back(std::move(e.target));
  }
  const NoGradGuard off;
  require_all("data", data, indices, at);
  if (std::ranges::none_of(target, &Tensor::defined)) return {stack_examples(data, at), Tensor()};
  require_all("target", target, indices, at);
  return {stack_examples(data, at), stack_examples(target, at)};
}

}  // namespace detail

namespace {

// A dataset hands out a row for every index.
void require_rows(const Example& e, std::int64_t rows, const Location& at) {
  const auto fits = [&](const Tensor& t) { return t.dim() > 0 && t.size(0) == rows; };
  if (!e.data.defined()) ErrorReport("DataLoader", "the dataset returned a batch without data", at).value_error();
  if (fits(e.data) && (!e.target.defined() || fits(e.target))) return;
  ErrorReport report(
      "DataLoader",
      fmt::format("the dataset returned a batch that does not have {0} row{1} for {0} ind{2} (get_batch)", rows,
                  rows == 1 ? "" : "s", rows == 1 ? "ex" : "ices"),
      at);
  report.operand("data", e.data);
  if (e.target.defined()) report.operand("target", e.target);
  report.shape_error();
}

}  // namespace

DataLoader::DataLoader(std::int64_t examples, Fetch fetch, DataLoaderOptions options, Location at)
    : DataLoaderOf(
          examples,
          [fetch = std::move(fetch), at](std::span<const std::int64_t> indices) {
            Example e = fetch(indices);
            require_rows(e, static_cast<std::int64_t>(indices.size()), at);
            return e;
          },
          std::move(options), at) {}

}  // namespace xgrad::data
