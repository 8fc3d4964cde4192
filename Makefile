# Autodidact: `make` builds build/autodidact, `make help` lists the rest.
#
# The library is every .c below src/ (kernels once per instruction set), the command is cli/ and zoo/. Libraries of
# others can be left out: make WITHOUT="png webp", or make ENGINE_ONLY=1 for the engine alone (tools/components).

# Started in another folder (make -f path/Makefile), make goes to this one, where the sources' paths begin, and
# builds into that one.
HERE := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
ifneq ($(HERE),$(CURDIR))
BUILD ?= build
.PHONY: elsewhere $(MAKECMDGOALS)
$(or $(MAKECMDGOALS),all): elsewhere ;
elsewhere:
	@$(MAKE) --no-print-directory -C '$(HERE)' BUILD='$(abspath $(BUILD))' $(MAKECMDGOALS)
else

version_part = $(shell sed -n 's/^\#define AD_VERSION_$(1) *\([0-9]*\)$$/\1/p' include/autodidact/base.h)
VERSION := $(call version_part,MAJOR).$(call version_part,MINOR).$(call version_part,PATCH)
SOVERSION := $(word 1,$(subst ., ,$(VERSION))).$(word 2,$(subst ., ,$(VERSION)))

MODE   ?= release
BUILD  ?= build$(if $(filter-out release,$(MODE)),-$(MODE))$(if $(ENGINE_ONLY),-engine,$(if $(WITHOUT),-without))
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif

WARN   := -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes -Wvla
ifneq ($(findstring clang,$(shell $(CC) --version 2>/dev/null)),)
WARN   += -Wno-pass-failed # a loop that the optimizer did not vectorise though it was allowed to
COVERAGE := -fsanitize=fuzzer-no-link
else
WARN   += -Wno-format-truncation # cutting text to its buffer is what snprintf is for
endif
CSTD   := -std=c11 -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE
# No contraction or reassociation behind our back: the same source gives the same bits everywhere.
SANITIZE    := -g1 -fno-omit-frame-pointer -fno-sanitize-recover=all -ffp-contract=off
OPT_release := -O2 -g -fno-math-errno -ffp-contract=off
OPT_asan    := -O1 $(SANITIZE) -fsanitize=address,undefined $(COVERAGE) # which fuzzers stand on, too
OPT_tsan    := -O1 $(SANITIZE) -fsanitize=thread
CFLAGS_ALL   = $(CSTD) $(WARN) $(OPT_$(MODE)) -fvisibility=hidden -fPIC -pthread -Iinclude -Isrc -I. -I$(BUILD)/generated $(CFLAGS)

# ---- components ---------------------------------------------------------------------------------------

# Rows of tools/components as name|header|links. ABSENT: what is left out; STUBS: what of it src/absent stands in
# for (in src/absent/engine for the engine alone); SYSTEMS: empty where something that they need is left out.
COMPONENT_ROWS := $(shell sed -n 's/^\([a-z0-9-]\{1,\}\)  *\([^ ]*\)  *\([^ ]*\) .*/\1|\2|\3/p' tools/components)
component_names = $(foreach row,$(1),$(word 1,$(subst |, ,$(row))))
component_headers = $(foreach row,$(1),$(word 2,$(subst |, ,$(row))))
ABSENT_ROWS := $(foreach row,$(COMPONENT_ROWS),$(if $(or $(ENGINE_ONLY),$(filter $(call component_names,$(row)),$(WITHOUT))),$(row)))
PRESENT_ROWS := $(filter-out $(ABSENT_ROWS),$(COMPONENT_ROWS))
COMPONENTS := $(call component_names,$(PRESENT_ROWS))
ABSENT     := $(call component_names,$(ABSENT_ROWS))
STUBS      := $(wildcard $(ABSENT:%=src/absent/%.c))
SYSTEMS    := $(if $(filter-out $(STUBS:src/absent/%.c=%),$(ABSENT)),,yes)
STUBS      += $(wildcard $(ABSENT:%=src/absent/engine/%.c))
ifneq ($(filter-out $(call component_names,$(COMPONENT_ROWS)),$(WITHOUT)),)
$(error there is no component $(filter-out $(call component_names,$(COMPONENT_ROWS)),$(WITHOUT)); tools/components lists them)
endif
comma := ,
# What nothing is called of is dropped: a library that is loaded at run time would slow down each start.
LIBS := -Wl,--as-needed $(foreach row,$(PRESENT_ROWS),$(subst $(comma), ,$(word 3,$(subst |, ,$(row))))) -lm -lpthread

# The engine's rooms and headers; all others are the systems'.
ENGINE_ROOMS   := base io score draw film flow record graph ops plan device nn optim onnx absent
ENGINE_HEADERS := base metrics watch tensor graph ops program wisdom nn optim io gguf onnx image film flow events scores draw layout plot record engine
SYSTEM_ROOMS   := $(filter-out $(ENGINE_ROOMS),$(notdir $(patsubst %/,%,$(wildcard src/*/))))
SYSTEM_HEADERS := $(filter-out $(ENGINE_HEADERS:%=include/autodidact/%.h),$(wildcard include/autodidact/*.h))

# Of the sources $(1), those that can be built: they include nothing that is left out. Headers of the tests and of
# the engine's rooms that do count like those themselves; a line "needs: png zip" names what a test uses without
# including it.
ifneq ($(ABSENT),)
or_any = $(subst $() $(),|,$(strip $(1)))
left_out := $(call or_any,$(foreach h,$(call component_headers,$(ABSENT_ROWS)),<$(h)) \
    $(if $(SYSTEMS),,$(SYSTEM_HEADERS:include/%=<%) $(SYSTEM_ROOMS:%="%/)))
# What else is left out then; a header may include another that does.
with_headers = $(call or_any,$(1) $(patsubst src/%,"%,$(patsubst tests/%,"%,$(shell grep -lE '^\#include ($(1))' \
    tests/*.h $(wildcard $(ENGINE_ROOMS:%=src/%/*.h))))))
left_out := $(call with_headers,$(call with_headers,$(call with_headers,$(left_out))))
needs_absent := ^\#include ($(left_out))|needs:.* ($(call or_any,$(ABSENT)))\>
buildable = $(filter-out $(shell grep -lE '$(needs_absent)' /dev/null $(1)),$(1))
else
buildable = $(1)
endif

KERNEL_ROOMS := src/device/cpu/kernels src/flow/kernels
LIB_SRC    := $(filter-out $(KERNEL_ROOMS:%=%/%) src/absent/% $(if $(SYSTEMS),,$(SYSTEM_ROOMS:%=src/%/%)),$(shell find src -name '*.c' | sort))
LIB_SRC    := $(call buildable,$(LIB_SRC)) $(STUBS)
KERNEL_SRC := $(sort $(wildcard $(KERNEL_ROOMS:%=%/*.c)))
CLI_SRC    := $(if $(SYSTEMS),$(shell find cli $(wildcard zoo) -name '*.c' | sort))
PUBLIC     := $(filter-out $(if $(SYSTEMS),,$(SYSTEM_HEADERS)),$(sort $(wildcard include/autodidact/*.h)))

# Each kernel source is compiled once per instruction set (see src/device/cpu/simd.h).
ISAS := scalar
ifneq ($(filter x86_64 amd64,$(shell $(CC) -dumpmachine 2>/dev/null | cut -d- -f1)),)
ISAS += avx2 avx512 avx512bf16
endif
ifneq ($(filter aarch64 arm64,$(shell $(CC) -dumpmachine 2>/dev/null | cut -d- -f1)),)
ISAS += neon
endif
ISA_scalar     := -DAD_KERNEL_ISA=0
ISA_avx2       := -DAD_KERNEL_ISA=1 -mavx2 -mfma -mf16c
ISA_avx512     := -DAD_KERNEL_ISA=2 -mavx2 -mfma -mf16c -mavx512f -mavx512bw -mavx512dq -mavx512vl
ISA_avx512bf16 := -DAD_KERNEL_ISA=3 -mavx2 -mfma -mf16c -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512bf16 \
    -mamx-tile -mamx-bf16
ISA_neon       := -DAD_KERNEL_ISA=4
KERNEL_OPT_release := -O3
# Fuzzers need no path inside kernels. One form of each kernel under the checks of undefined behaviour says what all
# would, and those take ten times as long to compile.
KERNEL_OPT_asan    := $(COVERAGE:-f%=-fno-%)
KERNEL_CHECKS_asan := -fno-sanitize=undefined
TEST_OPT_asan      := -fno-sanitize=undefined $(COVERAGE:-f%=-fno-%)

LIB_OBJ    := $(LIB_SRC:%.c=$(BUILD)/%.o) $(foreach isa,$(ISAS),$(KERNEL_SRC:%.c=$(BUILD)/%.$(isa).o))
CLI_OBJ    := $(CLI_SRC:%.c=$(BUILD)/%.o)
# What protoc-c makes of a list of messages.
PROTO_OBJ  := $(if $(filter src/onnx/wire.c,$(LIB_SRC)),$(BUILD)/generated/onnx.pb-c.o)
LIB_OBJ    += $(PROTO_OBJ)
LIB        := $(BUILD)/libautodidact.a
SHARED     := libautodidact.so.$(VERSION)

all: $(if $(SYSTEMS),$(BUILD)/autodidact) $(LIB) $(BUILD)/$(SHARED)
lib: $(LIB)

# ---- building ---------------------------------------------------------------------------------------

# Rewritten when the compiler, its flags or the list of objects change, so that what depends on them is
# made again.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D); echo '$(CC) $(CFLAGS_ALL)' | cmp -s - $@ || echo '$(CC) $(CFLAGS_ALL)' >$@
$(BUILD)/objects: FORCE
	@mkdir -p $(@D); echo '$(LIB_OBJ)' | cmp -s - $@ || echo '$(LIB_OBJ)' >$@

$(LIB): $(LIB_OBJ) $(BUILD)/objects
	@rm -f $@; ar rcs $@ $(LIB_OBJ)

$(BUILD)/$(SHARED): $(LIB_OBJ) $(BUILD)/objects
	$(CC) $(CFLAGS_ALL) -shared -Wl,-soname,libautodidact.so.$(SOVERSION) -o $@ $(LIB_OBJ) $(LDFLAGS) $(LIBS)

$(BUILD)/autodidact: $(CLI_OBJ) $(LIB)
	$(CC) $(CFLAGS_ALL) -o $@ $(CLI_OBJ) $(LIB) $(LDFLAGS) $(LIBS)

$(BUILD)/src/base/version.o: CFLAGS_ALL += -DAD_COMPONENTS='"$(COMPONENTS)"'
$(BUILD)/src/base/version.o: $(BUILD)/objects
$(BUILD)/zoo/style/shipped.o: models/paintings.safetensors
$(BUILD)/zoo/gan/built_in.o: models/digits.safetensors
$(BUILD)/zoo/vision/embedded.o: $(wildcard zoo/backbone/*.safetensors)
$(BUILD)/zoo/vision/imagenet.o: zoo/vision/imagenet_words.txt
$(BUILD)/zoo/style/any_embedded.o: zoo/style/any.safetensors
$(BUILD)/src/page/page.o: src/page/page.html
$(BUILD)/src/draw/letters.o: src/draw/letters.ttf

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(WERROR) -MMD -MP -c -o $@ $<

$(BUILD)/generated/%.pb-c.c $(BUILD)/generated/%.pb-c.h: src/onnx/%.proto
	@mkdir -p $(@D)
	protoc-c --proto_path=$(<D) --c_out=$(@D) $<

$(BUILD)/generated/%.o: $(BUILD)/generated/%.c $(BUILD)/flags
	$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(BUILD)/src/onnx/wire.o $(BUILD)/src/onnx/wire_tensor.o: $(PROTO_OBJ:.o=.h)

define kernel_rule
$(BUILD)/$(2)/%.$(1).o: $(2)/%.c $(BUILD)/flags
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS_ALL) $$(WERROR) $$(KERNEL_OPT_$(MODE)) $(if $(filter-out scalar,$(1)),$$(KERNEL_CHECKS_$(MODE))) $$(ISA_$(1)) -MMD -MP -c -o $$@ $$<
endef
$(foreach isa,$(ISAS),$(foreach room,$(KERNEL_ROOMS),$(eval $(call kernel_rule,$(isa),$(room)))))

$(BUILD)/tests/%.o: tests/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(WERROR) $(TEST_OPT_$(MODE)) -Itests -MMD -MP -c -o $@ $<

# A program of one file, tests/unit/X.c -> tests/X and likewise for the other folders. Its object lies
# apart: a change of the library links the programs again and compiles none of them.
define program_rule
$(BUILD)/$(2)/%: $(BUILD)/$(1)/%.o $(4) $(LIB)
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS_ALL) $(3) -o $$@ $$< $(4) $(LIB) $$(LDFLAGS) $$(LIBS)
endef
ZOO_OBJ := $(filter $(BUILD)/zoo/%,$(CLI_OBJ))
$(eval $(call program_rule,tests/unit,tests))
$(eval $(call program_rule,tests/zoo,tests,,$(ZOO_OBJ)))
$(eval $(call program_rule,tests/data,tests-data,,$(ZOO_OBJ)))
$(eval $(call program_rule,tests/fuzz,fuzz,-fsanitize=fuzzer,$(ZOO_OBJ)))
$(eval $(call program_rule,tests/peers,peers,,$(ZOO_OBJ)))
$(eval $(call program_rule,bench,bench,,$(ZOO_OBJ)))
$(eval $(call program_rule,examples,examples))
SCENE_SRC := $(sort $(wildcard examples/scene/*.c))
$(BUILD)/examples/scene: $(SCENE_SRC) examples/scene/scene.h $(LIB) $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -o $@ $(SCENE_SRC) $(LIB) $(LDFLAGS) $(LIBS)

CHECK_KERNELS_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/kernels/*.c)))
$(BUILD)/tests/check_kernels: $(CHECK_KERNELS_OBJ) $(LIB)
	$(CC) $(CFLAGS_ALL) -o $@ $(CHECK_KERNELS_OBJ) $(LIB) $(LDFLAGS) $(LIBS)

# What tests of faults put in front of the C library, and what runs a command with it again and again.
FAULTS := $(BUILD)/tests/faults/preload.so $(BUILD)/tests/faults/disturb
$(BUILD)/tests/faults/preload.so: tests/faults/preload.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -fvisibility=default -shared -o $@ $<
$(BUILD)/tests/faults/disturb: tests/faults/disturb.c tests/faults/tree.h tests/faults/restore.h $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -o $@ $<

programs = $(patsubst $(1)/%.c,$(BUILD)/$(2)/%,$(call buildable,$(sort $(wildcard $(1)/*.c))))

UNIT_BIN    := $(call programs,tests/unit,tests) $(if $(SYSTEMS),$(call programs,tests/zoo,tests))
TEST_BIN    := $(UNIT_BIN) $(BUILD)/tests/check_kernels
DATA_BIN    := $(call programs,tests/data,tests-data)
FUZZ_BIN    := $(call programs,tests/fuzz,fuzz)
BENCH_BIN   := $(call programs,bench,bench)
EXAMPLE_BIN := $(call programs,examples,examples) $(if $(filter png,$(COMPONENTS)),$(BUILD)/examples/scene)
# Of the library, and of the command as a person uses it, which they expect whole.
SHELL_TESTS := $(sort $(wildcard tests/library/*.sh) $(if $(ABSENT),,$(wildcard tests/cli/*.sh)))

# SKIP="faults_% style": all but these.
UNIT_BIN    := $(filter-out $(SKIP:%=$(BUILD)/tests/%),$(UNIT_BIN))
TEST_BIN    := $(filter-out $(SKIP:%=$(BUILD)/tests/%),$(TEST_BIN))
SHELL_TESTS := $(filter-out $(SKIP:%=tests/cli/%.sh),$(SHELL_TESTS))

# TESTS="gemm install": these alone, by their names, of both kinds.
ifneq ($(TESTS),)
ifneq ($(filter-out $(notdir $(TEST_BIN)) $(notdir $(SHELL_TESTS:.sh=)),$(TESTS)),)
$(error no test of this build is called $(filter-out $(notdir $(TEST_BIN)) $(notdir $(SHELL_TESTS:.sh=)),$(TESTS)))
endif
TEST_BIN    := $(filter $(TESTS:%=$(BUILD)/tests/%),$(TEST_BIN))
SHELL_TESTS := $(filter $(TESTS:%=tests/cli/%.sh) $(TESTS:%=tests/library/%.sh),$(SHELL_TESTS))
endif

tests: $(TEST_BIN) $(if $(SYSTEMS),$(FAULTS))
examples: $(EXAMPLE_BIN)
fuzzers: $(FUZZ_BIN)

# ---- testing ----------------------------------------------------------------------------------------

deps:
	@CC='$(CC)' WITHOUT='$(ABSENT)' tools/deps build

# Every test, or those of TESTS; the last line is the total.
test: deps
	@$(MAKE) --no-print-directory all tests examples
	@LIBRARY=$(LIB) AUTODIDACT=$(BUILD)/autodidact EXAMPLES=$(BUILD)/examples CC='$(CC)' BUILD='$(BUILD)' \
	    COMPONENTS='$(COMPONENTS)' PUBLIC='$(PUBLIC)' tests/run tests/rooms.sh tests/docs.sh $(SHELL_TESTS) $(TEST_BIN)

# The unit tests alone, which is what the sanitizer builds run.
test-unit: $(UNIT_BIN) $(filter $(BUILD)/%,$(ALSO))
	@tests/run $(UNIT_BIN) $(ALSO)

# Tests against real data sets and published weights.
DATA ?= ../shared/data
test-data: deps
	@if [ ! -d '$(DATA)' ]; then \
	    echo "no data folder at $(DATA); name one: make test-data DATA=folder"; exit 1; fi
	@$(MAKE) --no-print-directory all $(DATA_BIN)
	@AUTODIDACT=$(BUILD)/autodidact tests/run arg:$(DATA) $(DATA_BIN) $(sort $(wildcard tests/data/*.sh))

# Against PyTorch and onnxruntime themselves: PYTHON needs torch, torchvision, safetensors, numpy, transformers,
# onnx, onnxscript and onnxruntime.
PYTHON ?= python3
PEERS  ?= $(BUILD)/peers-data
test-peers: $(BUILD)/peers/vgg19 $(BUILD)/autodidact
	@[ -f $(PEERS)/expected.npz ] || $(PYTHON) tests/oracle/vgg19.py $(PEERS)
	@tests/run arg:$(PEERS) $(BUILD)/peers/vgg19
	@AUTODIDACT=$(BUILD)/autodidact $(PYTHON) tests/oracle/gpt_read_back.py
	@AUTODIDACT=$(BUILD)/autodidact $(PYTHON) tests/oracle/onnx_nets.py $(PEERS)/onnx

# ---- figures that others have published ----------------------------------------------------------------

# One script each: make reproduce-mnist, and where its data are: MNIST=folder, else below DATA.
reproduce-fast-style: $(BUILD)/tests-data/fast_style
reproduce-%: all
	@AUTODIDACT=$(BUILD)/autodidact BUILD='$(BUILD)' DATA='$(DATA)' tools/reproduce/$*

# Event files read by TensorBoard itself: PYTHON needs tensorboard and pillow.
test-tensorboard: $(BUILD)/peers/events
	@rm -rf $(BUILD)/peers-events && mkdir -p $(BUILD)/peers-events
	@$(BUILD)/peers/events $(BUILD)/peers-events
	@$(PYTHON) tests/oracle/events.py read $(BUILD)/peers-events

# The page of a run in a browser: CHROMIUM names one.
test-browser: all
	@AUTODIDACT=$(BUILD)/autodidact tests/run tests/browser/report.sh

# ---- the embedded network ---------------------------------------------------------------------------

# Trains it anew (docs/backbone.md): PHOTOS is a folder of photos, TEACHER a compact VGG-19 encoder.
FIT = $(BUILD)/autodidact backbone fit --data '$(PHOTOS)' --teacher '$(TEACHER)'
backbone: all
	$(FIT) --match convs --lr 3e-3 --steps 6000 -o $(BUILD)/fit-1.safetensors
	$(FIT) --match relus --lr 1e-3 --steps 5000 --start $(BUILD)/fit-1.safetensors -o $(BUILD)/fit-2.safetensors
	$(FIT) --match relus --lr 1e-3 --steps 2400 --seed 1 --start $(BUILD)/fit-2.safetensors -o $(BUILD)/fit-3.safetensors
	$(BUILD)/autodidact convert $(BUILD)/fit-3.safetensors zoo/backbone/compact.safetensors --dtype f16

# The decoder for any painting (docs/style.md): PHOTOS as above, PAINTINGS a folder of paintings.
any: all
	$(BUILD)/autodidact style train-any --data '$(PHOTOS)' --styles '$(PAINTINGS)' --batch 2 --steps 10000 --run $(BUILD)/any
	$(BUILD)/autodidact runs export $(BUILD)/any -o $(BUILD)/any.safetensors
	$(BUILD)/autodidact convert $(BUILD)/any.safetensors zoo/style/any.safetensors --dtype f16

# The generator of digits (docs/gan.md), trained and measured on MNIST's folder: MNIST=folder, else below DATA.
digits: reproduce-cgan-mnist
	cp $(BUILD)/digits.safetensors models/digits.safetensors

# ---- showing ----------------------------------------------------------------------------------------

# A picture painted by the program itself, or make demo CONTENT=photo.jpg STYLE=painting.jpg.
DEMO := demo
demo: deps
	@$(MAKE) --no-print-directory -s all $(BUILD)/examples/scene
	@mkdir -p $(DEMO)
ifeq ($(and $(CONTENT),$(STYLE)),)
	@$(BUILD)/examples/scene photo $(DEMO)/content.png
	@$(BUILD)/examples/scene painting $(DEMO)/style.png
endif
	@$(BUILD)/autodidact style make '$(or $(CONTENT),$(DEMO)/content.png)' '$(or $(STYLE),$(DEMO)/style.png)' \
	    --steps 200 -o $(DEMO)/painted.png
	@echo "The picture is $(CURDIR)/$(DEMO)/painted.png (from $(or $(CONTENT),$(DEMO)/content.png) and $(or $(STYLE),$(DEMO)/style.png))."

# docs/gallery.md and its pictures, painted anew; DATA is for those that want weights or data of others.
gallery: all $(BUILD)/examples/scene
	@AUTODIDACT=$(BUILD)/autodidact EXAMPLES=$(BUILD)/examples DATA='$(DATA)' tools/gallery

# ---- checking ---------------------------------------------------------------------------------------

FORMATTED := $(filter-out tests/fixtures/%,$(shell find include src cli tests $(wildcard zoo bench examples) -name '*.[ch]' | sort))

format:
	clang-format -i $(FORMATTED)

check-format:
	@clang-format --dry-run -Werror $(FORMATTED)

check-cppcheck:
	@cppcheck --quiet --std=c11 --language=c --enable=warning --inline-suppr --error-exitcode=1 \
	    --suppressions-list=tests/cppcheck.txt -j$$(nproc) -Iinclude -Isrc -I. -DAD_KERNEL_ISA=0 -D__x86_64__ -D__GNUC__=12 \
	    src cli $(wildcard zoo bench examples)

TIDY_NODES ?= 30000 # states of a function that the analyzer looks at; its own 225000 take four times as long
TIDY_SRC := $(LIB_SRC) $(KERNEL_SRC) $(CLI_SRC)
check-tidy: $(PROTO_OBJ:.o=.h)
	@echo $(TIDY_SRC) | tr ' ' '\n' | xargs -P$$(nproc) -n4 sh -c \
	    'clang-tidy --quiet --warnings-as-errors="*" "$$@" -- $(CSTD) -DAD_KERNEL_ISA=0 -Iinclude -Isrc -I. -I$(BUILD)/generated \
	    -Xclang -analyzer-config -Xclang max-nodes=$(TIDY_NODES) 2>/dev/null' tidy

# Address and undefined-behaviour checks of every unit test; thread checks of some.
check-asan:
	@$(MAKE) --no-print-directory MODE=asan BUILD=$(BUILD)-asan CC=clang SKIP=style \
	    ALSO='arg:smoothness $(BUILD)-asan/tests/style' -s test-unit # whole pictures take minutes there
# Under the thread sanitizer what runs on several threads, not each shape of each kernel.
TSAN := pool shared_store loader plan_threads program resample optim lbfgs layers kernel_windows kernel_rows
TSAN_FILMS := $(if $(filter libav,$(COMPONENTS)),film_read film_broken film_write film_unfinished) # libav's own threads are not looked at
check-tsan:
	@$(MAKE) --no-print-directory MODE=tsan BUILD=$(BUILD)-tsan -s $(addprefix $(BUILD)-tsan/tests/,$(TSAN) $(TSAN_FILMS) chain reduce gemm flow)
	@tests/run TSAN_OPTIONS=ignore_noninstrumented_modules=1 $(addprefix $(BUILD)-tsan/tests/,$(TSAN_FILMS) $(TSAN)) arg:threads $(addprefix $(BUILD)-tsan/tests/,chain reduce) \
	    arg:thin $(BUILD)-tsan/tests/gemm arg:same_bits $(BUILD)-tsan/tests/flow

# Every solver of every instruction set of this machine on other problems than `make test` has, or more; what
# each costs. KERNELS='--rounds 100 --seed 7 --only matmul' and the like.
check-kernels: $(BUILD)/tests/check_kernels
	@$< $(KERNELS)

# The NEON kernels on another processor family: cross-compiled with what they need of the library, run
# under qemu-user (Debian: gcc-aarch64-linux-gnu, qemu-user).
NEON_CC    ?= aarch64-linux-gnu-gcc
NEON_RUN   ?= qemu-aarch64
NEON_SRC   := $(filter src/base/% src/graph/% src/ops/% src/plan/% src/device/%,$(LIB_SRC))
NEON_TESTS := vmath gemm conv attention graph_attention chain reduce kernel_moves kernel_rows kernel_sparse kernel_windows cpu_device pool
check-neon:
	@command -v $(NEON_CC) $(NEON_RUN) >/dev/null || { echo "check-neon wants $(NEON_CC) and $(NEON_RUN)"; exit 1; }
	@$(MAKE) -s CC=$(NEON_CC) BUILD=$(BUILD)/neon LIB_SRC='$(NEON_SRC)' LDFLAGS=-static LIBS='-lm -lpthread' \
	    $(NEON_TESTS:%=$(BUILD)/neon/tests/%) $(BUILD)/neon/tests/check_kernels
	@for t in $(NEON_TESTS); do echo "$$t, neon:"; $(NEON_RUN) $(BUILD)/neon/tests/$$t || exit 1; done
	@$(NEON_RUN) $(BUILD)/neon/tests/check_kernels --isa neon --rounds 4 $(KERNELS)

check: check-format check-cppcheck check-tidy check-kernels check-asan check-tsan

# Each fuzz target for SECONDS seconds, from the fixtures; what it finds is left in the build folder.
SECONDS ?= 30
fuzz:
	@CC=clang tools/deps check
	@$(MAKE) --no-print-directory -s MODE=asan BUILD=$(BUILD)-asan CC=clang fuzzers
	@tests/fuzz/run $(BUILD)-asan/fuzz $(SECONDS)

bench: $(BENCH_BIN)
	@for b in $(BENCH_BIN); do $$b || exit 1; done

# Every workload of `autodidact bench` beside PyTorch's and JAX's, or WORKLOADS="gat gpt2:bf16".
bench-peers: all
	@bench/peers/run $(WORKLOADS)

# ---- installing -------------------------------------------------------------------------------------

INSTALL ?= install
D := $(DESTDIR)
install: all
	$(INSTALL) -d $(D)$(LIBDIR)/pkgconfig $(D)$(INCLUDEDIR)/autodidact
	$(INSTALL) -m 644 $(LIB) $(D)$(LIBDIR)/libautodidact.a
	$(INSTALL) -m 755 -s $(BUILD)/$(SHARED) $(D)$(LIBDIR)/$(SHARED)
	ln -sf $(SHARED) $(D)$(LIBDIR)/libautodidact.so.$(SOVERSION)
	ln -sf $(SHARED) $(D)$(LIBDIR)/libautodidact.so
	$(INSTALL) -m 644 $(PUBLIC) $(D)$(INCLUDEDIR)/autodidact
	printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(LIBDIR)' 'includedir=$(INCLUDEDIR)' '' 'Name: autodidact' \
	    'Description: machine learning systems and their engine' 'Version: $(VERSION)' \
	    'Libs: -L$${libdir} -lautodidact -lm' 'Libs.private: $(LIBS)' 'Cflags: -I$${includedir}' \
	    >$(D)$(LIBDIR)/pkgconfig/autodidact.pc
ifneq ($(SYSTEMS),)
	$(INSTALL) -d $(D)$(BINDIR) $(D)$(DATADIR)/man/man1 $(D)$(DATADIR)/bash-completion/completions
	$(INSTALL) -m 755 -s $(BUILD)/autodidact $(D)$(BINDIR)/autodidact
	$(BUILD)/autodidact help --man >$(D)$(DATADIR)/man/man1/autodidact.1
	$(BUILD)/autodidact help --completion bash >$(D)$(DATADIR)/bash-completion/completions/autodidact
endif
	[ -n '$(D)' ] || ! [ -w /etc/ld.so.cache ] || ldconfig

uninstall:
	rm -f $(D)$(BINDIR)/autodidact $(D)$(LIBDIR)/libautodidact.a $(D)$(LIBDIR)/libautodidact.so* \
	    $(D)$(LIBDIR)/pkgconfig/autodidact.pc $(D)$(DATADIR)/man/man1/autodidact.1 \
	    $(D)$(DATADIR)/bash-completion/completions/autodidact
	rm -rf $(D)$(INCLUDEDIR)/autodidact

help:
	@echo 'make              the command and the library, in $(BUILD)/'
	@echo 'make demo         paint a picture (CONTENT=photo STYLE=painting: of yours)'
	@echo 'make test         every test; needs no data and no network (TESTS="gemm install": these alone)'
	@echo 'make gallery      paint docs/gallery.md anew (DATA=folder)'
	@echo 'make test-data    tests against real data (DATA=folder, $(DATA))'
	@echo 'make test-peers   tests against PyTorch and onnxruntime (PYTHON=python3 with both, torchvision, transformers, ...)'
	@echo 'make reproduce-NAME  a published figure, reached again (DATA=folder): $(notdir $(wildcard tools/reproduce/*))'
	@echo 'make test-browser the page of a run in a browser without a screen (CHROMIUM=program)'
	@echo 'make check        format, static analysis, sanitizers'
	@echo 'make check-kernels   each kernel of each instruction set against the scalar one, and its cost'
	@echo 'make check-neon      the same for NEON, cross-compiled, with qemu-user'
	@echo 'make format       lay the sources out with clang-format'
	@echo 'make fuzz         each parser fuzzed for SECONDS=$(SECONDS)'
	@echo 'make bench        measure the kernels'
	@echo 'make bench-peers  measure the workloads beside PyTorch and JAX (WORKLOADS="style gpt2:bf16"; about an hour for all)'
	@echo 'make examples     the small programs of examples/'
	@echo 'make backbone     train the embedded network anew (PHOTOS=folder TEACHER=weights)'
	@echo 'make any          train the decoder for any painting anew (PHOTOS=folder PAINTINGS=folder)'
	@echo 'make digits       train the generator of digits anew (MNIST=folder)'
	@echo 'make install      to PREFIX=$(PREFIX), below DESTDIR= if given; make uninstall'
	@echo 'make clean        remove what was built'
	@echo 'CC=gcc|clang chooses the compiler, MODE=release|asan|tsan the kind of build.'

clean:
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-tsan

FORCE:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.PHONY: all lib tests examples fuzzers deps test test-unit test-data test-peers backbone any digits demo gallery format check \
    check-format check-cppcheck check-tidy check-kernels check-neon \
    check-asan check-tsan fuzz bench bench-peers install uninstall help clean FORCE
.SECONDARY:

endif
