#pragma once

// Gradients of three operations of this project's own, first and second order.
bool check_own_operations();
