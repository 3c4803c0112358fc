/* Reading /proc/cpuinfo for processor.h. */
#include "processor.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

/* The value of a line "key  : value" when it is the wanted one. */
static const char *value_of(char *line, const char *key)
{
    const size_t size = strlen(key);
    char *value = strchr(line, ':');
    if (!value || strncmp(line, key, size) != 0) return NULL;
    if (line[size] != '\t' && line[size] != ' ' && line[size] != ':') return NULL;
    value++;
    value += strspn(value, " \t");
    value[strcspn(value, "\n")] = '\0';
    return *value ? value : NULL;
}

void bench__processor_name(char *out, size_t size)
{
    char line[512], name[128] = "", family[16] = "", model[16] = "";
    struct utsname machine;
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file && fgets(line, sizeof line, file) && line[0] != '\n') {
        const char *found;
        if ((found = value_of(line, "model name")))
            snprintf(name, sizeof name, "%.120s", found);
        else if ((found = value_of(line, "cpu family")))
            snprintf(family, sizeof family, "%.10s", found);
        else if ((found = value_of(line, "model\t"))) /* not "model name" */
            snprintf(model, sizeof model, "%.10s", found);
    }
    if (file) fclose(file);
    if (!name[0] && uname(&machine) == 0) snprintf(name, sizeof name, "%.60s", machine.machine);
    if (family[0] && model[0])
        snprintf(out, size, "%s, family %s, model %s", name, family, model);
    else
        snprintf(out, size, "%s", name[0] ? name : "unknown processor");
}
