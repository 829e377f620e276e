/** What a receiver says of a request that it took: how many points it rejected all the same, and why. */
export interface ExportResponse {
  readonly rejectedDataPoints: number;
  readonly errorMessage: string;
}

/**
 * Reads an ExportMetricsServiceResponse. A message so long that the answer was cut off is not lost with
 * the number before it; an answer that is none of these rejects nothing.
 */
export function readExportResponse(text: string): ExportResponse {
  const rejected = /"rejected(?:DataPoints|_data_points)"\s*:\s*"?(\d+)/.exec(text)?.[1] ?? "0";
  const message = /"error(?:Message|_message)"\s*:\s*("(?:[^"\\]|\\.)*"?)/s.exec(text)?.[1] ?? "";
  return { rejectedDataPoints: Number(rejected), errorMessage: unquote(message) };
}

/** A JSON string, as it is when it was cut off. */
function unquote(text: string): string {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return text.slice(1);
    throw error;
  }
}
