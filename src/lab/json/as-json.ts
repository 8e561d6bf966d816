/** What JSON makes of a type: a field that may be undefined is a field that may be missing. */
export type AsJson<T> = T extends readonly (infer Each)[]
  ? readonly AsJson<Each>[]
  : T extends object
    ? { readonly [K in keyof T as undefined extends T[K] ? never : K]: AsJson<T[K]> } & {
        readonly [K in keyof T as undefined extends T[K] ? K : never]?: AsJson<Exclude<T[K], undefined>>
      }
    : T
