/* The JSON wall: any bytes with any flags, and the getters on what comes out. */
#include <stddef.h>
#include <stdint.h>

#include "convert/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    json_t *root;
    gte_error err;
    if (convert__json_parse(&root, "fuzz", data + 1, size - 1, data[0] & 3u, &err) != GTE_OK)
        return 0;
    if (json_is_object(root)) {
        convert__object object = {"fuzz", "", root}, child;
        const char *key, *text;
        const json_t *list;
        json_t *value;
        json_object_foreach(root, key, value)
        {
            bool on;
            uint64_t n = 0;
            double x;
            (void)convert__json_bool(&object, key, CONVERT__REQUIRED, &on, &err);
            (void)convert__json_uint(&object, key, CONVERT__REQUIRED, 1, 100, &n, &err);
            (void)convert__json_real(&object, key, CONVERT__REQUIRED, &x, &err);
            (void)convert__json_string(&object, key, CONVERT__REQUIRED, &text, &err);
            (void)convert__json_array(&object, key, CONVERT__REQUIRED, &list, &err);
            (void)convert__json_object(&object, key, CONVERT__REQUIRED, "x.", &child, &err);
        }
    }
    json_decref(root);
    return 0;
}
