# Autodidact: `make` builds build/autodidact, `make help` lists the rest.
#
# The library is every .c below src/ (kernels once per instruction set), the command is cli/ and zoo/.

BUILD  ?= build
CC     ?= gcc
PREFIX ?= /usr/local
MODE   ?= release

WARN   := -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes -Wvla
CSTD   := -std=c11 -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE
# No contraction or reassociation behind our back: the same source gives the same bits everywhere.
OPT_release := -O2 -g -fno-math-errno -ffp-contract=off
OPT_asan    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -ffp-contract=off
OPT_tsan    := -O1 -g -fsanitize=thread -ffp-contract=off
CFLAGS_ALL   = $(CSTD) $(WARN) $(OPT_$(MODE)) -fvisibility=hidden -fPIC -pthread -Iinclude -Isrc -I. $(CFLAGS) $(WERROR)
LIBS        := -lpng -ljpeg -lwebp -lz -lm -lpthread

LIB_SRC    := $(filter-out src/device/cpu/kernels/%,$(shell find src -name '*.c' | sort))
KERNEL_SRC := $(sort $(wildcard src/device/cpu/kernels/*.c))
CLI_SRC    := $(shell find cli $(wildcard zoo) -name '*.c' | sort)

# Each kernel source is compiled once per instruction set (see src/device/cpu/simd.h).
ISAS := scalar
ifneq ($(filter x86_64 amd64,$(shell $(CC) -dumpmachine | cut -d- -f1)),)
ISAS += avx2 avx512 avx512bf16
endif
ISA_scalar     := -DAD_KERNEL_ISA=0
ISA_avx2       := -DAD_KERNEL_ISA=1 -mavx2 -mfma -mf16c
ISA_avx512     := -DAD_KERNEL_ISA=2 -mavx2 -mfma -mf16c -mavx512f -mavx512bw -mavx512dq -mavx512vl
ISA_avx512bf16 := -DAD_KERNEL_ISA=3 -mavx2 -mfma -mf16c -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512bf16
KERNEL_OPT_release := -O3

LIB_OBJ    := $(LIB_SRC:%.c=$(BUILD)/%.o) $(foreach isa,$(ISAS),$(KERNEL_SRC:%.c=$(BUILD)/%.$(isa).o))
CLI_OBJ    := $(CLI_SRC:%.c=$(BUILD)/%.o)

all: $(BUILD)/autodidact
lib: $(BUILD)/libautodidact.a

$(BUILD)/libautodidact.a: $(LIB_OBJ)
	@rm -f $@; ar rcs $@ $^

$(BUILD)/autodidact: $(CLI_OBJ) $(BUILD)/libautodidact.a
	$(CC) $(CFLAGS_ALL) -o $@ $^ $(LDFLAGS) $(LIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

define kernel_rule
$(BUILD)/src/device/cpu/kernels/%.$(1).o: src/device/cpu/kernels/%.c
	@mkdir -p $$(@D)
	$(CC) $$(CFLAGS_ALL) $$(KERNEL_OPT_$(MODE)) $$(ISA_$(1)) -MMD -MP -c -o $$@ $$<
endef
$(foreach isa,$(ISAS),$(eval $(call kernel_rule,$(isa))))

# One test program per file in tests/unit; each prints "name: N passed" and exits 0, or says what failed.
TEST_SRC := $(sort $(wildcard tests/unit/*.c))
TEST_BIN := $(TEST_SRC:tests/unit/%.c=$(BUILD)/tests/%)
$(BUILD)/tests/%: tests/unit/%.c $(BUILD)/libautodidact.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -Itests -MMD -MP -o $@ $< $(BUILD)/libautodidact.a $(LDFLAGS) $(LIBS)
tests: $(TEST_BIN)

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.PHONY: all lib tests clean
.SECONDARY:
