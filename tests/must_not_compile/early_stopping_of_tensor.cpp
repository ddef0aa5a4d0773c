// expect: a number: es.step(loss.item(), net)
#include <xgrad/xgrad.hpp>

bool stop(xgrad::train::EarlyStopping& es, const xgrad::Tensor& loss, const xgrad::nn::Linear& net) {
  return es.step(loss, net);
}
