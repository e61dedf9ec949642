-- hazards: none

-- nothing to do
