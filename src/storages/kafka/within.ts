/** The time for something was over. */
export class TooLate extends Error {
  override readonly name = "TooLate";
}

/**
 * What the promise gives, or {@link TooLate} after so many milliseconds. Then `onLate` has to end the work;
 * what becomes of it is nobody's concern any more.
 */
export async function within<T>(
  promise: Promise<T>,
  { ms, message, onLate }: { readonly ms: number; readonly message: string; readonly onLate?: () => void },
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new TooLate(message));
      onLate?.();
    }, ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
