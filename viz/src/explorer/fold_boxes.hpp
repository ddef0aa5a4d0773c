// Equal blocks in a row as one box of the page, that is closed at first.
#pragma once

#include <map>
#include <vector>

#include "picture.hpp"

namespace xgrad::viz {

// How many of the last operations a page can hold that shows at most `most` of them at once.
int operations_of_page(const Recorded& recorded, int most);

// Of each row of equal blocks (steps of a recurrence, layers) all but the last go into a box, with what only they read:
// the last one stands for them, and opening the box shows them. By box: the norms of the gradients that all blocks
// received, the last one too; where they are known.
std::map<int, std::vector<double>> box_repeats(Picture& p, const Recorded& recorded);

}  // namespace xgrad::viz
