/* Compiled, never run, by header_test.sh for each public header, in C and in C++: a header stands
 * alone, may be included twice, and warns of nothing. */
#include HEADER
#include HEADER

int header_is_usable(void);
int header_is_usable(void)
{
    return 0;
}
