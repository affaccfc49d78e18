"""The words that an argument may be, where components and providers compare with them, too."""

REFUSE, CASCADE = "refuse", "cascade"
DESTROY_MODES = (REFUSE, CASCADE)

WARN, NEVER = "warn", "never"
CHECKS = (WARN, REFUSE, NEVER)
"""What a preview does about what it looks up and does not find."""

FIND_TRAIL, CREATE_TRAIL, NO_TRAIL = "find", "create", "none"
TRAIL_MODES = (CREATE_TRAIL, FIND_TRAIL, NO_TRAIL)

OPTIONAL, REQUIRED = "optional", "required"
REQUEST_FORM_USES = (OPTIONAL, REQUIRED)

AUTOMATIC, MANUAL = "AUTOMATIC", "MANUAL"
GRANT_CREATION_MODES = (AUTOMATIC, MANUAL)
