// The body of stb's header-only scaler, compiled once and without our warnings.
#define STB_IMAGE_RESIZE_IMPLEMENTATION
#include <stb/stb_image_resize.h>
