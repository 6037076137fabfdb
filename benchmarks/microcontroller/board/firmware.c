/*
 * Steps a model over made rows and says what that took: instructions by SysTick under icount, where
 * an instruction is a nanosecond; stack by what was overwritten of a pattern; then every score, as
 * the bits of a float.
 *
 * MODEL_H, STATE, ANSWER, INIT, STEP, BOARD_CHANNELS, WARM, ROWS and, of a windowed model, BOARD_WINDOW come
 * from the command line.
 */
#include MODEL_H

#include <string.h>

void say(const char *text);
void say_number(const char *name, uint32_t number);

#define SYST_CSR (*(volatile uint32_t *)0xE000E010)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014)
#define SYST_CVR (*(volatile uint32_t *)0xE000E018)
#define PATTERN 0xA5A5A5A5u

extern uint32_t __bss_end;

static STATE state;
static ANSWER answer;
static uint32_t drawn = 1;
static uint32_t scores[WARM + ROWS];
static uint32_t answered;

/* A number from 0 to 64 that float holds exactly; the same on every machine. */
static float made_value(void)
{
    drawn = drawn * 1664525u + 1013904223u;
    return (float)(drawn >> 16) / 1024.0f;
}

static void take(float score)
{
    memcpy(&scores[answered++], &score, sizeof score);
}

static void rows_through(int rows)
{
    float row[BOARD_CHANNELS];
    for (int i = 0; i < rows; ++i) {
        for (int channel = 0; channel < BOARD_CHANNELS; ++channel) {
            row[channel] = made_value();
        }
        const int got = STEP(&state, row, &answer);
        for (int k = 0; k < got; ++k) {
#ifdef BOARD_WINDOW
            take(answer.score[BOARD_WINDOW - got + k]);
#else
            take(answer.score);
#endif
        }
    }
}

int main(void)
{
    uint32_t *const low = &__bss_end;
    uint32_t *const here = (uint32_t *)__builtin_frame_address(0) - 64;
    for (uint32_t *word = low; word < here; ++word) {
        *(volatile uint32_t *)word = PATTERN;
    }
    INIT(&state);
    rows_through(WARM);
    SYST_RVR = 0xFFFFFF;
    SYST_CVR = 0;
    SYST_CSR = 5; /* on, by the processor's clock, no interrupt */
    const uint32_t before = SYST_CVR;
    rows_through(ROWS);
    const uint32_t after = SYST_CVR;
    const uint32_t wrapped = SYST_CSR >> 16 & 1;
    uint32_t *word = low;
    while (word < here && *word == PATTERN) {
        ++word;
    }
    say_number("ticks", before - after);
    say_number("wrapped", wrapped);
    say_number("stack", (uint32_t)((char *)__builtin_frame_address(0) - (char *)word));
    for (uint32_t row = 0; row < answered; ++row) {
        say_number("score", scores[row]);
    }
    return 0;
}
