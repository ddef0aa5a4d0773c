// The one macro of the public headers: marks what the shared libraries export.
#pragma once

#if defined(_WIN32)
#define XGRAD_API
#else
#define XGRAD_API __attribute__((visibility("default")))
#endif
