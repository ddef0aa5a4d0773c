// expect: with the model whose best weights are kept: es.step(loss, net)
#include <xgrad/xgrad.hpp>

bool stop(xgrad::train::EarlyStopping& es, double loss) { return es.step(loss); }
