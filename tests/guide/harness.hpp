// Runs the code blocks of a document one after the other and compares what each prints with the document.
#pragma once

namespace guide {

// From here on standard output belongs to the block at this line.
void begin(int line);
// The block is over. expected: the text of the document, nullptr when it shows none (then nothing may be printed).
void end(const char* expected);

// Runs all blocks of `document`; the exit status says whether any failed.
int run(const char* document, void (*blocks)());

}  // namespace guide
