-- reach_deg2(leg_s, deg_per_s, slack_deg): square of the farthest that a ship comes in a time
create macro reach_deg2(leg_s, deg_per_s, slack_deg) as
(leg_s * deg_per_s + slack_deg) * (leg_s * deg_per_s + slack_deg)
