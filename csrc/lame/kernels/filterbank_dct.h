/* The cosine transform at the end of the polyphase filterbank, for one slot per
   lane. Included once per tier, the scalar one too, with TIER(name), TARGET,
   TIER(vec) and TIER(wide), its counterpart of doubles, and WIDEN and NARROW
   between the two.

   The 32 values lie in the order of the bands; the sums and differences are
   those of the fast transform that stock LAME runs, each output in its order. */

/* From `first` on, each value loses the one `step` before it. */
static inline TARGET void TIER(chain)(TIER(vec) *z, int first, int last, int step) {
  for (int b = first + step; b <= last; b += step) z[b] -= z[b - step];
}

/* Mirrored pairs, the first at (low, 31), become differences and sums. */
static inline TARGET void TIER(cross)(TIER(vec) *z, int low, int count) {
  for (int i = 0; i < count; i++) {
    TIER(vec) x = z[low + i];
    z[low + i] = z[31 - i] - x;
    z[31 - i] += x;
  }
}

/* A sum, and a difference times a cosine. */
static inline TARGET void TIER(fold)(TIER(vec) *z, int sum, int difference, float factor) {
  TIER(vec) x = z[difference] - z[sum];
  z[sum] += z[difference];
  z[difference] = x * factor;
}

static inline TARGET void TIER(fold_back)(TIER(vec) *z, int sum, int difference, float factor) {
  TIER(vec) x = z[sum] - z[difference];
  z[sum] += z[difference];
  z[difference] = x * factor;
}

/* The square root of 2 is a double in LAME: these products round once. */
static inline TARGET void TIER(fold_root)(TIER(vec) *z, int sum, int difference) {
  TIER(vec) x = z[sum] - z[difference];
  z[sum] += z[difference];
  z[difference] = NARROW(WIDEN(x) * root_of_2);
}

static inline TARGET void TIER(fold_root_less_sum)(TIER(vec) *z, int sum, int difference) {
  TIER(vec) x = z[sum] - z[difference];
  z[sum] += z[difference];
  z[difference] = NARROW(WIDEN(x) * -root_of_2) - z[sum];
}

/* Bands 24 to 31; `odd` and `even` come from window_middle(). Band 27 takes its
   difference before it rounds, as LAME does. */
static inline TARGET void TIER(top_bands)(TIER(vec) *z, TIER(vec) odd, TIER(vec) even) {
  TIER(vec) x = z[26] - z[24], y = z[27] - z[25];
  z[24] += z[26], z[25] += z[27];
  z[26] = NARROW(WIDEN(x) * root_of_2);
  z[27] = NARROW(WIDEN(y) * root_of_2 - WIDEN(z[25]));
  z[30] = odd - even, z[31] = odd + even;
  z[29] -= z[28];
  TIER(cross)(z, 28, 2);
  TIER(chain)(z, 24, 27, 1);
  TIER(cross)(z, 24, 4);
}

static inline TARGET void TIER(middle_bands)(TIER(vec) *z) {
  for (int i = 0; i < 2; i++) {
    TIER(fold)(z, 16 + i, 22 + i, twice_cos[2]);
    TIER(fold)(z, 20 + i, 18 + i, twice_cos[6]);
    TIER(fold_root)(z, 16 + i, 20 + i);
    TIER(vec) x = z[22 + i] - z[18 + i];
    z[18 + i] += z[22 + i];
    z[22 + i] = NARROW(WIDEN(x) * root_of_2) - z[18 + i];
  }
  TIER(chain)(z, 17, 23, 2);
  TIER(chain)(z, 16, 23, 1);
  TIER(cross)(z, 16, 8);
}

static inline TARGET void TIER(low_bands)(TIER(vec) *z) {
  for (int i = 0; i < 2; i++) {
    TIER(fold)(z, 0 + i, 14 + i, twice_cos[1]);
    TIER(fold)(z, 8 + i, 6 + i, twice_cos[3]);
    TIER(fold)(z, 4 + i, 10 + i, twice_cos[5]);
    TIER(fold)(z, 12 + i, 2 + i, twice_cos[7]);
    TIER(fold)(z, 10 + i, 6 + i, twice_cos[6]);
    TIER(fold_back)(z, 8 + i, 4 + i, twice_cos[6]);
    TIER(fold_back)(z, 0 + i, 12 + i, twice_cos[2]);
  }
  TIER(fold_back)(z, 2, 14, twice_cos[2]);
  TIER(fold)(z, 3, 15, twice_cos[2]);
  for (int i = 0; i < 4; i++) TIER(fold_root)(z, i, 8 + i);
  for (int i = 0; i < 2; i++) TIER(fold_root_less_sum)(z, 4 + i, 12 + i);
  TIER(fold_root_less_sum)(z, 7, 15);
  TIER(vec) x = z[6] + z[14];
  z[6] -= z[14];
  z[14] = NARROW(WIDEN(x) * -root_of_2) - z[6];
  for (int first = 2; first < 4; first++) TIER(chain)(z, first, first + 12, 4);
  TIER(chain)(z, 1, 15, 2);
  TIER(chain)(z, 0, 15, 1);
}

static inline TARGET __attribute__((always_inline)) void TIER(dct)(TIER(vec) z[32], TIER(vec) odd,
                                                                   TIER(vec) even) {
  TIER(top_bands)(z, odd, even);
  TIER(middle_bands)(z);
  TIER(low_bands)(z);
  for (int b = 0; b < 16; b++) {
    TIER(vec) x = z[b];
    z[b] += z[31 - b];
    z[31 - b] -= x;
  }
}
