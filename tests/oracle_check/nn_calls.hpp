// What the files of the nn area share.
#pragma once

#include <algorithm>
#include <map>

#include "modules.hpp"
#include "record.hpp"

namespace oracle {

// Attributes that are the constructor's arguments, without those of the harness.
Dict constructor_attrs(const Case& c);
AnyModule module_or_unsupported(const std::string& name, List args, Dict named);
// The module with the record's parameters, in the record's mode, on its first input.
Value run_module(Case& c, AnyModule m);

// Calls by the name of the record.
const std::map<std::string, std::function<Value(Case&)>>& norm_calls();
const std::map<std::string, std::function<Value(Case&)>>& attention_calls();

}  // namespace oracle
