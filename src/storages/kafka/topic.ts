const LONGEST_TOPIC = 249;

/** The topic's name with `{host}` filled in. Throws TypeError when Kafka would not take it. */
export function expandTopic(template: string, hostname: string): string {
  const topic = template.replaceAll("{host}", hostname);
  const shown = topic === template ? `"${topic}"` : `"${template}" on this host, "${topic}"`;
  if (!/^[a-zA-Z0-9._-]+$/.test(topic)) {
    throw new TypeError(`Cannot use the topic ${shown}: wanted letters, digits, ".", "_", "-" and {host}`);
  }
  if (topic.length > LONGEST_TOPIC || topic === "." || topic === "..") {
    throw new TypeError(
      `Cannot use the topic ${shown}: wanted up to ${LONGEST_TOPIC} characters, and not "." or ".."`,
    );
  }
  return topic;
}
