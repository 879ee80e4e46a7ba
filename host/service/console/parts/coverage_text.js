// The coverage of a sender as a text that people write: one entry a line, `SMS: US CA` or `SMS: SG PENDING`.
const STATUS = ['ACTIVE', 'PENDING', 'REJECTED', 'EXPIRED'];

export const coverageLines = (coverage) =>
  (coverage ?? [])
    .map(({ channel, countries, status }) => {
      const listed = countries === '*' ? '*' : countries.join(' ');
      return `${channel}: ${listed}${status && status !== 'ACTIVE' ? ` ${status}` : ''}`;
    })
    .join('\n');

export function coverageOf(text) {
  const lines = (text ?? '').split('\n').filter((line) => line.trim());
  return lines.map((line) => {
    const [channel, rest = ''] = line.split(/:(.*)/s);
    const words = rest.split(/[\s,;|]+/).filter(Boolean);
    const status = words.find((word) => STATUS.includes(word.toUpperCase()));
    const countries = words.filter((word) => word !== status).map((word) => word.toUpperCase());
    const entry = { channel: channel.trim().toUpperCase(), countries: countries.includes('*') ? '*' : countries };
    return status ? { ...entry, status: status.toUpperCase() } : entry;
  });
}
