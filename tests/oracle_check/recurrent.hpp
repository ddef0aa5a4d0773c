// RNN, LSTM, GRU and their cells: modules that take and return states.
#pragma once

#include "modules.hpp"
#include "record.hpp"

namespace oracle {

// Arguments of all of them, as PyTorch names them.
inline constexpr const char* kRecurrentSignature =
    "input_size hidden_size num_layers? bias? batch_first? dropout? bidirectional? proj_size? nonlinearity?";
inline constexpr const char* kRecurrentClasses[] = {"RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell"};
AnyModule make_recurrent(const std::string& name, Args& args);

// A record of the nn area: "LSTM", "RNN_TANH", "GRUCell"; inputs x, states, parameters.
bool is_recurrent(const std::string& op);
Value run_recurrent(Case& c);

}  // namespace oracle
