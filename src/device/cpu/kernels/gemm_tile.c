/* gemm_tile.c - the microkernels of this instruction set: f32, f64 and bf16 panels. */
#include "device/cpu/gemm.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)

#define TILE        tile_f32
#define BY_STEPS    tile_f32_steps
#define UNIT        float
#define ACC         float
#define VEC         vf
#define WIDTH       AD_VF
#define LOAD        vf_load
#define STORE       vf_store
#define LOAD_N      vf_load_n
#define STORE_N     vf_store_n
#define ADD         vf_add
#define ZERO        vf_zero
#define VECTOR_B    vf_load
#define SPREAD_A(p) vf_set1(*(p))
#define STEP        vf_fma
#include "device/cpu/kernels/gemm_tile.h"

#define TILE        tile_f64
#define UNIT        double
#define ACC         double
#define VEC         vd
#define WIDTH       AD_VD
#define LOAD        vd_load
#define STORE       vd_store
#define LOAD_N      vd_load_n
#define STORE_N     vd_store_n
#define ADD         vd_add
#define ZERO        vd_zero
#define VECTOR_B    vd_load
#define SPREAD_A(p) vd_set1(*(p))
#define STEP        vd_fma
#include "device/cpu/kernels/gemm_tile.h"

#if AD_KERNEL_ISA == 3
#define TILE          tile_bf16
#define UNIT          int32_t
#define ACC           float
#define VEC           vf
#define WIDTH         AD_VF
#define LOAD          vf_load
#define STORE         vf_store
#define LOAD_N        vf_load_n
#define STORE_N       vf_store_n
#define ADD           vf_add
#define ZERO          vf_zero
#define VECTOR_B      vi_load_as_vf
#define SPREAD_A(p)   vi_as_vf(vi_set1(*(p)))
#define STEP(a, b, c) _mm512_dpbf16_ps(c, (__m512bh)(a), (__m512bh)(b))
static inline vf vi_load_as_vf(const int32_t *p)
{
    return vi_as_vf(vi_load(p));
}
#include "device/cpu/kernels/gemm_tile.h"
#endif

ad_gemm_tile AD_ISA_NAME(ad_gemm_tile_for)(ad_dtype form, bool a_steps)
{
#if AD_KERNEL_ISA == 3
    if (form == AD_BF16) return tile_bf16;
#endif
    return form == AD_F64 ? tile_f64 : a_steps ? tile_f32_steps : tile_f32;
}
