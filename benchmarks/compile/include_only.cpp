#include <oldphoto/restore.hpp>

int main() {}
