# Counts what shop_day.ndjson must give, by the rules of the service alone and without its code:
#
#   awk -v day=2026-03-14 -f shop_count.awk shop_day.ndjson
#
# The first line of the output is "refused N", the requests that are wrong. Each further line is a
# query of /nps and the eleven counts of its histogram, score by score. Forms cannot say when they
# were answered, so the hours are without them. The shop's clock is three hours ahead of UTC.

# The value of a member as it stands in the line, "" without it.
function value(name, text)
{
    if (!match($0, "\"" name "\":(\"[^\"]*\"|\\[[^]]*\\]|[^],}]*)"))
        return ""
    text = substr($0, RSTART, RLENGTH)
    return substr(text, length(name) + 4)
}

function string(name, text)
{
    text = value(name)
    return substr(text, 2, length(text) - 2)
}

# All names of members are known.
function names_are_known(rest, name)
{
    rest = $0
    while (match(rest, /"[a-z_]+":/)) {
        name = substr(rest, RSTART + 1, RLENGTH - 3)
        if (!(name in known))
            return 0
        rest = substr(rest, RSTART + RLENGTH)
    }
    return 1
}

function is_right()
{
    return value("raw") == "" && names_are_known() && value("score") ~ /^(10|[0-9])$/ &&
        (value("channel") == "" || string("channel") in channels) &&
        (value("language") == "" || value("language") ~ /^"[a-z]+"$/) &&
        (value("improve") == "" || string("improve") in options)
}

function hour_query(hour)
{
    return sprintf("from=%sT%02d:00:00%%2B03:00&to=%sT%02d:00:00%%2B03:00", day, hour, day, hour + 1)
}

# One answer into the histograms of a query, alone and by what it can be cut by.
function count(query, score, branch, channel)
{
    counts[query, score]++
    counts[query "&where.channel=" channel, score]++
    if (branch != "") {
        counts[query "&where.branch=" branch, score]++
        counts[query "&where.branch=" branch "&where.channel=" channel, score]++
    }
}

function fill(set, names, parts, i)
{
    for (i = split(names, parts, " "); i > 0; i--)
        set[parts[i]]
}

BEGIN {
    fill(known, "at way key body score answers why improve properties branch channel language respondent")
    fill(channels, "web email link sms phone kiosk chat app import")
    fill(options, "wait price quality staff other")
}

!is_right() {
    refused++
    next
}

# Sent again it counts once; with other words under its key, whichever came first counts.
seen[string("key")]++ { next }

{
    way = string("way")
    channel = way == "form" ? "web" : way
    count("period=all", value("score"), string("branch"), channel)
    if (way != "form")
        count(hour_query(substr(string("at"), 1, 2) + 0), value("score"), string("branch"), channel)
}

function put(query, score, text)
{
    text = query
    for (score = 0; score <= 10; score++)
        text = text " " counts[query, score] + 0
    print text
}

function put_all(query, branches, ways, b, w, i, j)
{
    put(query)
    i = split("centre station airport", branches, " ")
    j = split("web phone kiosk", ways, " ")
    for (w = 1; w <= j; w++)
        put(query "&where.channel=" ways[w])
    for (b = 1; b <= i; b++) {
        put(query "&where.branch=" branches[b])
        for (w = 1; w <= j; w++)
            put(query "&where.branch=" branches[b] "&where.channel=" ways[w])
    }
}

END {
    print "refused " refused
    put_all("period=all")
    for (hour = 8; hour <= 21; hour++)
        put_all(hour_query(hour))
}
