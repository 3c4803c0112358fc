/* Half and bfloat16 to float, exactly. */
#ifndef CONVERT_ELEMENT_H
#define CONVERT_ELEMENT_H

#include <stdint.h>

float convert__f16_to_f32(uint16_t bits);
float convert__bf16_to_f32(uint16_t bits);

#endif
