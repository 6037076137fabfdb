/* A Cortex-M4F from reset to main, and what main needs of its surroundings, under qemu. */
#include <stdint.h>

extern uint32_t __data_load, __data_start, __data_end, __bss_start, __bss_end, __stack_top;

int main(void);
void reset(void);
static void halted(void);

static int semihost(int what, const void *with)
{
    register int r0 __asm__("r0") = what;
    register const void *r1 __asm__("r1") = with;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void say(const char *text) { semihost(0x04, text); }

void say_number(const char *name, uint32_t number)
{
    char text[12];
    int at = sizeof text - 1;
    text[at] = '\0';
    text[--at] = '\n';
    do {
        text[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    say(name);
    say(" ");
    say(text + at);
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    &__stack_top, (const void *)reset,  (const void *)halted, (const void *)halted,
    (const void *)halted, (const void *)halted, (const void *)halted,
};

void reset(void)
{
    uint32_t *from = &__data_load;
    for (uint32_t *to = &__data_start; to < &__data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = &__bss_start; to < &__bss_end;) {
        *to++ = 0;
    }
    *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20; /* CPACR: the floating-point unit on */
    __asm__ volatile("dsb\n isb");
    main();
    semihost(0x18, (const void *)0x20026); /* SYS_EXIT, ADP_Stopped_ApplicationExit */
    for (;;) {
    }
}

static void halted(void)
{
    say("fault\n");
    semihost(0x18, (const void *)0x20024);
    for (;;) {
    }
}
