-- The selection in Lua. Each form takes the world and gives back the function that decides.

local US, CA = 0x5553, 0x4341

-- A list as a set. Where there is no list there is no set, and everything is in it.
local function set(list)
    if list == nil then return nil end
    local members = {}
    for _, member in ipairs(list) do members[member] = true end
    return members
end

local function prepared(world)
    for _, strategy in ipairs(world.strategies) do
        strategy.countries = set(strategy.countries)
    end
    for _, sender in ipairs(world.senders) do
        sender.channels = set(sender.channels)
        sender.countries = set(sender.countries)
    end
    -- A recipient has 64 bits and a number 53, so its halves are two keys.
    local pins = {}
    for _, pin in ipairs(world.pins) do
        local lows = pins[pin.high] or {}
        pins[pin.high] = lows
        lows[pin.low] = pin.sender
    end
    world.pins = pins
    return world
end

local function strategy_for(strategies, channel, country)
    local entity = false
    for i = 1, #strategies do
        local strategy = strategies[i]
        if strategy.entity and (strategy.channel == nil or strategy.channel == channel) then
            entity = true
            break
        end
    end
    local best, most = nil, -1
    for i = 1, #strategies do
        local strategy = strategies[i]
        local countries = strategy.countries
        if strategy.entity == entity
            and (strategy.channel == nil or strategy.channel == channel)
            and (countries == nil or countries[country])
        then
            local specific = (countries and 2 or 0) + (strategy.channel and 1 or 0)
            if specific > most then best, most = strategy, specific end
        end
    end
    return best
end

local function covers(sender, channel, country)
    return sender.channels[channel] and (sender.countries == nil or sender.countries[country])
end

-- What a channel and a country come to. Without a strategy there are no candidates.
local function table_for(world, channel, country)
    local prepared = { sticky = false, members = {}, areas = {}, candidates = { count = 0 } }
    local strategy = strategy_for(world.strategies, channel, country)
    if strategy == nil then return prepared end
    local geolocated = strategy.geolocated and (country == US or country == CA)
    local function add(list, sender)
        list.count = list.count + 1
        list[list.count] = sender
    end
    prepared.sticky = strategy.sticky
    for _, sender in ipairs(world.senders) do
        if covers(sender, channel, country) then
            add(prepared.candidates, sender.sender)
            prepared.members[sender.sender] = true
            if geolocated and sender.long_number and sender.area_code ~= 0 then
                local area = prepared.areas[sender.area_code] or { count = 0 }
                prepared.areas[sender.area_code] = area
                add(area, sender.sender)
            end
        end
    end
    return prepared
end

local function indexed(world)
    world = prepared(world)
    local pins, tables, elsewhere = world.pins, {}, {}
    for channel = 0, 2 do
        tables[channel] = {}
        for _, country in ipairs(world.countries) do
            tables[channel][country] = table_for(world, channel, country)
        end
        elsewhere[channel] = table_for(world, channel, 0)
    end

    return function(channel, country, area_code, high, low)
        local prepared = tables[channel][country] or elsewhere[channel]
        if prepared.sticky then
            local lows = pins[high]
            local pin = lows and lows[low]
            if pin and prepared.members[pin] then return pin end
        end
        local left = prepared.areas[area_code] or prepared.candidates
        if left.count > 0 then return left[high % left.count + 1] end
    end
end

local function scanning(world)
    world = prepared(world)
    local pins, strategies, senders = world.pins, world.strategies, world.senders
    local candidates, near = {}, {}

    return function(channel, country, area_code, high, low)
        local strategy = strategy_for(strategies, channel, country)
        if strategy == nil then return nil end
        local lows = strategy.sticky and pins[high]
        local pin = lows and lows[low]
        local geolocated = strategy.geolocated and area_code ~= 0 and (country == US or country == CA)
        local n, m = 0, 0
        for i = 1, #senders do
            local sender = senders[i]
            if covers(sender, channel, country) then
                if sender.sender == pin then return pin end
                n = n + 1
                candidates[n] = sender.sender
                if geolocated and sender.long_number and sender.area_code == area_code then
                    m = m + 1
                    near[m] = sender.sender
                end
            end
        end
        if m > 0 then return near[high % m + 1] end
        if n > 0 then return candidates[high % n + 1] end
    end
end

return { indexed = indexed, scanning = scanning }
