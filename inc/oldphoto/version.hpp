#pragma once

// The only place where the version is written; CMake reads these three lines.
#define OLDPHOTO_VERSION_MAJOR 0
#define OLDPHOTO_VERSION_MINOR 1
#define OLDPHOTO_VERSION_PATCH 0
