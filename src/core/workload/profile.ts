/**
 * The workload in numbers. Together with the seed it fixes every byte that the generator makes.
 */
export interface WorkloadProfile {
  readonly orders: number
  readonly seed: number
  readonly stores: number
  /** Products per store. */
  readonly products: number
  /** Zipf exponent over stores x products: 0 is uniform, 1 is what shops look like, 2 is one hot key. */
  readonly skew: number
  /** Share of orders that must be rejected; as many again are untidy, but valid. */
  readonly dirty: number
  /** Share of orders that carry the id of an earlier one. They are different orders. */
  readonly duplicateIds: number
  /** Seconds: the time of the first order. */
  readonly startTs: number
  /** Seconds from the first order to the last; four minutes fill five windows of 60 s. */
  readonly spanSeconds: number
}

/** What the lab's own workloads add to a profile: OpA has something to reject, and ids repeat. */
export const LAB_DIRT = { dirty: 0.005, duplicateIds: 0.01 } as const

/** 50 store-product pairs over 5 windows: about 40 updates per key, more on the popular ones. */
export const DEFAULT_PROFILE: WorkloadProfile = {
  orders: 10_000,
  seed: 1,
  stores: 5,
  products: 10,
  skew: 0.5,
  dirty: 0,
  duplicateIds: 0,
  startTs: 1_694_500_000,
  spanSeconds: 240,
}
