/* torch.h - from an unpickled PyTorch checkpoint to the list of tensors: what both of its forms
 * share. */
#ifndef AD_IO_TORCH_H
#define AD_IO_TORCH_H

#include "io/pickle.h"
#include "io/weights.h"

/* Where the data of a storage lies: fills bytes (or member) and held. A missing one is left with
 * bytes NULL and member -1. */
typedef ad_status (*ad_torch_locate)(void *user, ad_file *file, const ad_pickle_storage *storage,
                                     ad_file_tensor *tensor);

/* Walks the object that the pickle built, adds its tensors under their paths and its scalars as
 * metadata, and names the dictionaries that may wrap the network. Objects of unknown classes are
 * left out, and said in a note. */
ad_status ad_torch_collect(ad_file *file, const ad_pickle *pickle, const ad_pickle_value *root,
                           ad_torch_locate locate, void *user);

#endif
