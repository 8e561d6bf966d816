/** The part of write-file-atomic 8 that is used; the package brings no types. */
declare module 'write-file-atomic' {
  /** Writes beside the target, syncs, renames: a reader sees the old content or the new, never a part. */
  export default function writeFileAtomic(file: string, data: string | Uint8Array): Promise<void>
}
