-- hazards: none

-- nothing is to be done
