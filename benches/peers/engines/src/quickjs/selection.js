// The selection in JavaScript. Each form takes the world and gives back the function that decides.
(() => {
    "use strict";
    const US = 0x5553, CA = 0x4341;
    const CHANNELS = [0, 1, 2];

    function prepared({ strategies, senders, pins, countries }) {
        // Where there is no list there is no set, and everything is in it.
        const set = (list) => list === null ? null : new Set(list);
        // A recipient has 64 bits and a number 53, so its halves are two keys.
        const byHigh = new Map();
        for (const { high, low, sender } of pins) {
            if (!byHigh.has(high)) byHigh.set(high, new Map());
            byHigh.get(high).set(low, sender);
        }
        return {
            countries,
            pins: byHigh,
            strategies: strategies.map((strategy) => ({ ...strategy, countries: set(strategy.countries) })),
            senders: senders.map((sender) => ({
                ...sender,
                channels: CHANNELS.map((channel) => sender.channels.includes(channel)),
                countries: set(sender.countries),
            })),
        };
    }

    function strategyFor(strategies, channel, country) {
        let entity = false;
        for (let i = 0; i < strategies.length; i++) {
            const strategy = strategies[i];
            if (strategy.entity && (strategy.channel === null || strategy.channel === channel)) {
                entity = true;
                break;
            }
        }
        let best = null, most = -1;
        for (let i = 0; i < strategies.length; i++) {
            const strategy = strategies[i], countries = strategy.countries;
            if (strategy.entity === entity
                && (strategy.channel === null || strategy.channel === channel)
                && (countries === null || countries.has(country))) {
                const specific = (countries === null ? 0 : 2) + (strategy.channel === null ? 0 : 1);
                if (specific > most) {
                    best = strategy;
                    most = specific;
                }
            }
        }
        return best;
    }

    function covers(sender, channel, country) {
        return sender.channels[channel] && (sender.countries === null || sender.countries.has(country));
    }

    // What a channel and a country come to. Without a strategy there are no candidates.
    function tableFor(world, channel, country) {
        const strategy = strategyFor(world.strategies, channel, country);
        const table = { sticky: false, members: new Set(), areas: new Map(), candidates: [] };
        if (strategy === null) return table;
        const geolocated = strategy.geolocated && (country === US || country === CA);
        table.sticky = strategy.sticky;
        for (const sender of world.senders) {
            if (!covers(sender, channel, country)) continue;
            table.candidates.push(sender.sender);
            table.members.add(sender.sender);
            if (geolocated && sender.long_number && sender.area_code !== 0) {
                if (!table.areas.has(sender.area_code)) table.areas.set(sender.area_code, []);
                table.areas.get(sender.area_code).push(sender.sender);
            }
        }
        return table;
    }

    function indexed(given) {
        const world = prepared(given), pins = world.pins;
        const tables = CHANNELS.map((channel) =>
            new Map(world.countries.map((country) => [country, tableFor(world, channel, country)])));
        const elsewhere = CHANNELS.map((channel) => tableFor(world, channel, 0));

        return function (channel, country, areaCode, high, low) {
            const table = tables[channel].get(country) ?? elsewhere[channel];
            if (table.sticky) {
                const pin = pins.get(high)?.get(low);
                if (pin !== undefined && table.members.has(pin)) return pin;
            }
            const left = table.areas.get(areaCode) ?? table.candidates;
            return left.length > 0 ? left[high % left.length] : null;
        };
    }

    function scanning(given) {
        const { pins, strategies, senders } = prepared(given);

        return function (channel, country, areaCode, high, low) {
            const strategy = strategyFor(strategies, channel, country);
            if (strategy === null) return null;
            const pin = strategy.sticky ? pins.get(high)?.get(low) : undefined;
            const geolocated = strategy.geolocated && areaCode !== 0 && (country === US || country === CA);
            const candidates = [], near = [];
            for (let i = 0; i < senders.length; i++) {
                const sender = senders[i];
                if (!covers(sender, channel, country)) continue;
                if (sender.sender === pin) return pin;
                candidates.push(sender.sender);
                if (geolocated && sender.long_number && sender.area_code === areaCode) near.push(sender.sender);
            }
            const left = near.length > 0 ? near : candidates;
            return left.length > 0 ? left[high % left.length] : null;
        };
    }

    return { indexed, scanning };
})()
