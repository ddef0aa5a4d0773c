#pragma once

// A module of two inputs and three results: hooks, summary, picture, error, copy.
bool check_own_module();
