/* libav.h - the functions of libav that films stand on, found when the first film is opened: libav
 * and what it links to are 120 shared libraries, which would take every start of a process that
 * never sees a film four times as long. */
#ifndef AD_FILM_LIBAV_H
#define AD_FILM_LIBAV_H

#include <autodidact/base.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/audio_fifo.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>

#if LIBAVCODEC_VERSION_MAJOR >= 61
#define AD_LIBAV_SIDE_DATA(F) F(avcodec, av_packet_side_data_get)
#else
#define AD_LIBAV_SIDE_DATA(F) F(avformat, av_stream_get_side_data)
#endif

/* F(library, function) of each. */
#define AD_LIBAV(F)                                                                                \
    AD_LIBAV_SIDE_DATA(F)                                                                          \
    F(avutil, av_audio_fifo_alloc)                                                                 \
    F(avutil, av_audio_fifo_free)                                                                  \
    F(avutil, av_audio_fifo_read)                                                                  \
    F(avutil, av_audio_fifo_size)                                                                  \
    F(avutil, av_audio_fifo_write)                                                                 \
    F(avutil, av_calloc)                                                                           \
    F(avutil, av_channel_layout_copy)                                                              \
    F(avutil, av_channel_layout_default)                                                           \
    F(avutil, av_color_transfer_name)                                                              \
    F(avutil, av_dict_free)                                                                        \
    F(avutil, av_dict_set)                                                                         \
    F(avutil, av_dict_set_int)                                                                     \
    F(avutil, av_fourcc_make_string)                                                               \
    F(avutil, av_frame_alloc)                                                                      \
    F(avutil, av_frame_free)                                                                       \
    F(avutil, av_frame_get_buffer)                                                                 \
    F(avutil, av_frame_make_writable)                                                              \
    F(avutil, av_frame_unref)                                                                      \
    F(avutil, av_free)                                                                             \
    F(avutil, av_freep)                                                                            \
    F(avutil, av_get_bits_per_pixel)                                                               \
    F(avutil, av_get_bytes_per_sample)                                                             \
    F(avutil, av_image_alloc)                                                                      \
    F(avutil, av_log_format_line2)                                                                 \
    F(avutil, av_log_set_callback)                                                                 \
    F(avutil, av_malloc)                                                                           \
    F(avutil, av_opt_set)                                                                          \
    F(avutil, av_pix_fmt_desc_get)                                                                 \
    F(avutil, av_sample_fmt_is_planar)                                                             \
    F(avutil, av_strdup)                                                                           \
    F(avutil, av_strerror)                                                                         \
    F(avcodec, av_packet_alloc)                                                                    \
    F(avcodec, av_packet_free)                                                                     \
    F(avcodec, av_packet_move_ref)                                                                 \
    F(avcodec, av_packet_rescale_ts)                                                               \
    F(avcodec, av_packet_unref)                                                                    \
    F(avcodec, avcodec_alloc_context3)                                                             \
    F(avcodec, avcodec_find_decoder)                                                               \
    F(avcodec, avcodec_find_encoder_by_name)                                                       \
    F(avcodec, avcodec_flush_buffers)                                                              \
    F(avcodec, avcodec_free_context)                                                               \
    F(avcodec, avcodec_get_name)                                                                   \
    F(avcodec, avcodec_open2)                                                                      \
    F(avcodec, avcodec_parameters_copy)                                                            \
    F(avcodec, avcodec_parameters_from_context)                                                    \
    F(avcodec, avcodec_parameters_to_context)                                                      \
    F(avcodec, avcodec_receive_frame)                                                              \
    F(avcodec, avcodec_receive_packet)                                                             \
    F(avcodec, avcodec_send_frame)                                                                 \
    F(avcodec, avcodec_send_packet)                                                                \
    F(avformat, av_find_best_stream)                                                               \
    F(avformat, av_guess_format)                                                                   \
    F(avformat, av_interleaved_write_frame)                                                        \
    F(avformat, av_read_frame)                                                                     \
    F(avformat, av_write_trailer)                                                                  \
    F(avformat, avformat_alloc_context)                                                            \
    F(avformat, avformat_alloc_output_context2)                                                    \
    F(avformat, avformat_close_input)                                                              \
    F(avformat, avformat_find_stream_info)                                                         \
    F(avformat, avformat_free_context)                                                             \
    F(avformat, avformat_new_stream)                                                               \
    F(avformat, avformat_open_input)                                                               \
    F(avformat, avformat_query_codec)                                                              \
    F(avformat, avformat_seek_file)                                                                \
    F(avformat, avformat_write_header)                                                             \
    F(avformat, avio_alloc_context)                                                                \
    F(avformat, avio_context_free)                                                                 \
    F(avformat, avio_flush)                                                                        \
    F(swscale, sws_freeContext)                                                                    \
    F(swscale, sws_getCoefficients)                                                                \
    F(swscale, sws_getContext)                                                                     \
    F(swscale, sws_scale)                                                                          \
    F(swscale, sws_setColorspaceDetails)                                                           \
    F(swresample, swr_alloc_set_opts2)                                                             \
    F(swresample, swr_convert)                                                                     \
    F(swresample, swr_free)                                                                        \
    F(swresample, swr_get_out_samples)                                                             \
    F(swresample, swr_init)

#define AD_LIBAV_MEMBER(library, function) __typeof__(function) *function;
typedef struct ad_libav_functions {
    AD_LIBAV(AD_LIBAV_MEMBER)
} ad_libav_functions;
#undef AD_LIBAV_MEMBER

/* Filled once; not before ad_libav_load has succeeded. */
extern ad_libav_functions ad_libav;

/* Before anything else of libav, by whoever opens a film. AD_ERROR_UNSUPPORTED: a library is not
 * there, or is of another version than this was compiled for; the error names it. */
ad_status ad_libav_load(ad_context *own);

#endif
