-- gandan's roads for OSRM: each way may be used in the directions and at the speeds that gandan worked out for it, read
-- from the file named by GANDAN_SPEEDS (way id, km/h along its nodes, km/h against them; 0: closed). Turns, signals and
-- barriers cost nothing, so that both engines look for the same fastest paths.
api_version = 4

function setup()
  local speeds = {}
  for line in io.lines(os.getenv('GANDAN_SPEEDS')) do
    local id, along, against = line:match('^(%d+) (%S+) (%S+)$')
    speeds[tonumber(id)] = { tonumber(along), tonumber(against) }
  end
  return {
    properties = {
      weight_name = 'duration',
      weight_precision = 3,
      max_speed_for_map_matching = 150 / 3.6,
      process_call_tagless_node = false,
      continue_straight_at_waypoint = false,
      use_turn_restrictions = false,
      u_turn_penalty = 0,
      traffic_light_penalty = 0,
    },
    speeds = speeds,
  }
end

function process_node(profile, node, result)
end

function process_way(profile, way, result)
  local speed = profile.speeds[way:id()]
  if not speed then
    return
  end
  if speed[1] > 0 then
    result.forward_mode = mode.driving
    result.forward_speed = speed[1]
  end
  if speed[2] > 0 then
    result.backward_mode = mode.driving
    result.backward_speed = speed[2]
  end
end

function process_turn(profile, turn)
  turn.duration = 0
  turn.weight = 0
end

return { setup = setup, process_way = process_way, process_node = process_node, process_turn = process_turn }
