/* The package has no types of its own. */
declare module "snappyjs" {
  /** Raw snappy, without frames. */
  export function compress(bytes: Uint8Array): Uint8Array;
}
