/* Newer clang's vector builtins for gcc and older clang, which build the kernels only
   for the address sanitizer (`zig build test-asan`): lane by lane, correct and slow. */
#ifndef MP3A_GCC_BUILTINS_H
#define MP3A_GCC_BUILTINS_H

#define LANES_OF(vector) ((int)(sizeof(vector) / sizeof((vector)[0])))

#if !__has_builtin(__builtin_elementwise_sqrt)
#define __builtin_elementwise_sqrt(a)                                    \
  __extension__({                                                        \
    __typeof__(a) value_ = (a);                                          \
    for (int i_ = 0; i_ < LANES_OF(value_); i_++)                        \
      value_[i_] = (__typeof__(value_[0]))__builtin_sqrt((double)value_[i_]);      \
    value_;                                                              \
  })
#endif

#define BY_LANE(a, b, keeps_a)                                  \
  __extension__({                                               \
    __typeof__(a) x_ = (a);                                     \
    __typeof__(a) y_ = (b);                                     \
    for (int i_ = 0; i_ < LANES_OF(x_); i_++)                   \
      x_[i_] = (keeps_a) ? x_[i_] : y_[i_];                     \
    x_;                                                         \
  })
#if !__has_builtin(__builtin_elementwise_max)
#define __builtin_elementwise_max(a, b) BY_LANE(a, b, x_[i_] > y_[i_])
#endif
#if !__has_builtin(__builtin_elementwise_min)
#define __builtin_elementwise_min(a, b) BY_LANE(a, b, x_[i_] < y_[i_])
#endif

#define REDUCE(a, update)                                              \
  __extension__({                                                      \
    __typeof__(a) v_ = (a);                                            \
    __typeof__(v_[0]) sum_ = v_[0];                                    \
    for (int i_ = 1; i_ < LANES_OF(v_); i_++) update;                  \
    sum_;                                                              \
  })
#if !__has_builtin(__builtin_reduce_or)
#define __builtin_reduce_or(a) REDUCE(a, sum_ |= v_[i_])
#endif
#if !__has_builtin(__builtin_reduce_and)
#define __builtin_reduce_and(a) REDUCE(a, sum_ &= v_[i_])
#endif
#if !__has_builtin(__builtin_reduce_add)
#define __builtin_reduce_add(a) REDUCE(a, sum_ += v_[i_])
#endif
#if !__has_builtin(__builtin_reduce_max)
#define __builtin_reduce_max(a) REDUCE(a, sum_ = v_[i_] > sum_ ? v_[i_] : sum_)
#endif
#if !__has_builtin(__builtin_reduce_min)
#define __builtin_reduce_min(a) REDUCE(a, sum_ = v_[i_] < sum_ ? v_[i_] : sum_)
#endif

#endif
