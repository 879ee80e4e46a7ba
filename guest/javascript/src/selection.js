// What rules say about the senders of a scope.

/**
 * Which senders may carry messages, and which of them come first. Reasons are for explanations; `{name}` in one stands for the
 * message's attribute of that name.
 */
export class Selection {
  filters = [];
  preferences = [];

  /** Only senders for which `keep` holds may carry messages, default senders too. */
  only(reason, keep) {
    this.filters.push({ reason, keep });
    return this;
  }

  /** Senders for which `first` holds come before all others, where there is one. Of several preferences the first counts most. */
  prefer(reason, first) {
    this.preferences.push({ reason, first });
    return this;
  }

  /** Senders with the least number come before all others; those without a number (null) come last. */
  preferLeast(reason, number) {
    this.preferences.push({ reason, number });
    return this;
  }

  get isEmpty() {
    return this.filters.length === 0 && this.preferences.length === 0;
  }

  /** The reasons of the filters, then those of the preferences. */
  get reasons() {
    return [...this.filters, ...this.preferences].map(({ reason }) => reason);
  }

  /** The first filter that leaves a sender out, as an index into the reasons; -1 if none does. */
  excludedBy(facts) {
    return this.filters.findIndex(({ keep }) => !keep(facts));
  }

  /** Divides senders into the preferred and the others, each of those with an index into the reasons. */
  divide(left) {
    const others = [];
    this.preferences.forEach(({ first, number }, index) => {
      let isFirst = first;
      if (number) {
        const numbers = new Map(left.map((facts) => [facts, number(facts)]));
        const known = [...numbers.values()].filter((value) => typeof value === "number" && !Number.isNaN(value));
        const least = Math.min(...known);
        isFirst = (facts) => numbers.get(facts) === least;
      }
      const preferred = left.filter((facts) => isFirst(facts));
      if (preferred.length === 0) return;
      const reason = this.filters.length + index;
      const rest = new Set(preferred);
      others.push(...left.filter((facts) => !rest.has(facts)).map((facts) => ({ facts, reason })));
      left = preferred;
    });
    return { preferred: left, others };
  }
}
