# --- How it does that --------------------------------------------------------------------------------------------------------------------
#
# All checks come first and change nothing. Then it saves what it is about to change, writes, compares what it moved with its copy, and
# deletes last: fixes is run once for each of these phases, and each function above does its part of the phase.
#
# What the dump says of a parameter is the end of each call: absent, or public or secret and how to tell whether it has changed since:
#   version N         its version
#   value TEXT        its value, where the dump has no version
#   date TEXT...      when it was changed last, as the AWS CLI prints it, in each form
#   unknown           nothing: the script shows what it is now, and stops unless CONFIRM has its name

set -eu
# shellcheck disable=SC2016 # the backquotes are those of JMESPath
SETTINGS_QUERY='Parameters[0].merge({Name: Name, Type: Type}, Tier && {Tier: Tier} || `{}`, KeyId && {KeyId: KeyId} || `{}`,
  Description && {Description: Description} || `{}`, AllowedPattern && {AllowedPattern: AllowedPattern} || `{}`,
  DataType && {DataType: DataType} || `{}`,
  Policies[0] && {Policies: join(`""`, [`"["`, join(`","`, Policies[].PolicyText), `"]"`])} || `{}`)'
# shellcheck disable=SC2016
WHO_QUERY='Parameters[0].join(`" "`, [`"version"`, to_string(Version), `"of"`, to_string(LastModifiedDate), `"by"`,
  not_null(LastModifiedUser, `"an unknown user"`)])'
# shellcheck disable=SC2016
TAGS_QUERY='TagList[?!starts_with(Key, `"aws:"`)]'
export AWS_PAGER='' AWS_CLI_AUTO_PROMPT=off AWS_CLI_FILE_ENCODING=UTF-8 TZ=UTC0
PHASE='' REGION='' VALUE='' DONE=' ' FAILED=0 UNCONFIRMED='' BACKUP='' REMOVALS=''
LINE='
'

# --- The functions above

region() {
  REGION=$1
}

# put NAME TYPE TEXT DUMP...: writes a public text; \0 and three digits are a byte of it.
put() {
  put_part '' "$@"
}

# put_part SECRET NAME TYPE TEXT DUMP...: the same for what belongs to what comes out of a secret, which is deleted.
put_part() {
  HOW='' PUBLIC='' SOURCE=$1 NAME=$2 TYPE=$3
  decode "$4"
  shift 4
  change "$@"
}

# ask VARIABLE NAME TYPE VALUE DUMP...: writes what you have set a variable to.
ask() {
  ask_part '' "$@"
}

# ask_part SOURCE VARIABLE NAME TYPE VALUE DUMP...: the same for a part of another parameter, which is deleted.
ask_part() {
  HOW=ask PUBLIC='' SOURCE=$1 VARIABLE=$2 NAME=$3 TYPE=$4 VALUE=$5
  shift 5
  change "$@"
}

# copy public|secret SOURCE NAME TYPE DUMP...: writes the value of another parameter, which is deleted. A new one is like it in everything else.
# TYPE is kept where the dump has the value there already.
copy() {
  HOW=copy PUBLIC=$1 SOURCE=$2 NAME=$3 TYPE=$4 VALUE=''
  shift 4
  change "$@"
}

# encrypt NAME DUMP...: stores a parameter as a SecureString.
encrypt() {
  HOW=encrypt PUBLIC='' SOURCE='' NAME=$1 TYPE=SecureString VALUE=''
  shift
  change "$@"
}

# delete NAME DUMP...
delete() {
  NAME=$1
  shift
  if is_done; then return; fi
  case $PHASE in
    check)
      look "$NAME"
      if [ "$VERSION" = 0 ]; then
        finish 'is deleted already'
      else
        unchanged "$@"
      fi
      ;;
    save) save_deleted "$1" ;;
    delete)
      ssm delete-parameters --names "$NAME" >/dev/null
      say "$NAME: deleted"
      ;;
  esac
}

# --- What they share. A parameter that is written is NAME; it gets TYPE and VALUE, out of SOURCE if that is set.

change() {
  if is_done; then return; fi
  case $PHASE in
    check) check_change "$@" ;;
    save) save_change "$1" ;;
    write) write_change ;;
    compare) compare_change ;;
  esac
}

check_change() {
  VERSION=1
  if [ -n "$SOURCE" ]; then look "$SOURCE"; fi
  SOURCE_VERSION=$VERSION
  if [ "$SOURCE_VERSION" != 0 ]; then
    if [ "$HOW" = ask ] && [ -z "$VALUE" ]; then
      problem "$VARIABLE is not set: the new value of $NAME${SOURCE:+, out of $SOURCE}"
      FAILED=2
      return
    fi
    if [ "$HOW" = copy ]; then find_value; fi
  fi
  look "$NAME"
  is_written
  if [ "$WRITTEN" = yes ]; then
    finish 'is written already'
  elif [ "$SOURCE_VERSION" = 0 ]; then
    check_moved "$@"
  elif [ "$HOW $1" = 'copy absent' ] && [ "$VERSION" != 0 ]; then
    problem "$SOURCE and $NAME both exist, with different values or types: delete the wrong one, then run this again"
  else
    unchanged "$@"
  fi
}

# Sets WRITTEN to yes if NAME, after look, has TYPE and VALUE.
is_written() {
  WRITTEN=no
  if [ "$VERSION" = 0 ]; then return; fi
  case $TYPE in
    same | kept | "$KIND") ;;
    *) return ;;
  esac
  if [ "$HOW" = encrypt ]; then
    WRITTEN=yes
  elif [ -n "$VALUE" ]; then
    read_value "$NAME"
    if [ "$COPY" = "$VALUE" ]; then WRITTEN=yes; fi
  fi
}

# SOURCE is gone, which is deleted last: NAME was written before, unless it is as in the dump.
check_moved() {
  compare_with_dump "$@"
  if [ "$TYPE" = kept ] && [ "$VERSION" != 0 ]; then SAME=no; fi
  case $SAME in
    yes | gone) problem "$SOURCE: is gone since the dump, and $NAME does not have its value" ;;
    *) finish "is written already, and $SOURCE is gone" ;;
  esac
}

# Sets VALUE where it is that of a parameter.
find_value() {
  case $HOW in
    copy) read_value "$SOURCE" ;;
    encrypt) read_value "$NAME" ;;
    *) return ;;
  esac
  VALUE=$COPY
}

save_change() {
  KIND=
  if [ -n "$SOURCE" ]; then look "$SOURCE"; fi
  if [ "$HOW$PUBLIC" != copypublic ] || [ "$KIND" = SecureString ]; then PUBLIC=secret; fi
  if [ -z "$HOW$SOURCE" ]; then PUBLIC=public; fi
  find_value
  look "$NAME"
  if [ "$VERSION" != 0 ]; then
    save_written "$1"
  elif [ "$PUBLIC" = public ]; then
    REMOVALS="${REMOVALS}remove '$REGION' $NAME$LINE"
  else
    save "# $NAME is new, and stays: it may hold all that is left of a secret."
  fi
}

write_change() {
  if [ "$HOW" = copy ]; then
    look "$SOURCE"
    if [ "$KIND" = SecureString ]; then TYPE=SecureString; fi
  fi
  find_value
  look "$NAME"
  SETTINGS='{}' TAGS=''
  if [ "$VERSION" != 0 ]; then
    read_settings "$NAME"
  elif [ "$HOW" = copy ]; then
    read_settings "$SOURCE"
    read_tags "$SOURCE"
  elif [ -n "$SOURCE" ] && [ "$TYPE" = SecureString ]; then
    read_key "$SOURCE"
  fi
  write
}

# Writes VALUE to NAME, with SETTINGS and, if it is new, TAGS.
write() {
  choose_tier
  set -- --name "$NAME" --cli-input-json "$SETTINGS" --value file:///dev/stdin
  if [ "$TYPE" != same ]; then set -- "$@" --type "$TYPE"; fi
  if [ -n "$TIER" ]; then set -- "$@" --tier "$TIER"; fi
  if [ "$VERSION" != 0 ]; then
    set -- "$@" --overwrite
  elif [ -n "$TAGS" ]; then
    set -- "$@" --tags "$TAGS"
  fi
  NUMBER=$(printf %s "$VALUE" | ssm put-parameter "$@" --query Version --output text)
  read_value "$NAME"
  if [ "$COPY" != "$VALUE" ]; then stop "$NAME: does not hold what was written to it"; fi
  say "$NAME: written, version $NUMBER"
}

# A Standard parameter holds 4,096 characters.
choose_tier() {
  TIER=
  if [ "${#VALUE}" -gt 4096 ]; then
    case $SETTINGS in
      '{}' | *'"Tier": "Standard"'*) TIER=Advanced ;;
    esac
  fi
}

compare_change() {
  if [ "$HOW" = copy ]; then
    find_value
    read_value "$NAME"
    if [ "$COPY" != "$VALUE" ]; then stop "$SOURCE and $NAME have different values: nothing is deleted"; fi
    say "$NAME: has the value of $SOURCE"
  fi
}

# --- Has it changed since the dump?

unchanged() {
  compare_with_dump "$@"
  case $SAME in
    yes) say "$NAME: unchanged since the dump" ;;
    gone) problem "$NAME: is gone since the dump" ;;
    new) problem "$NAME: exists, and the dump does not have it: it is new since" ;;
    no)
      read_who
      problem "$NAME: has changed since the dump: it is now $WHO"
      ;;
    unknown)
      read_who
      case " ${CONFIRM:-} " in
        *" $NAME "*) say "$NAME: confirmed, $WHO" ;;
        *)
          problem "$NAME: the dump does not say whether it has changed: it is now $WHO"
          UNCONFIRMED="$UNCONFIRMED $NAME"
          ;;
      esac
      ;;
  esac
}

# Sets SAME, after look: yes, no, gone, new or unknown.
compare_with_dump() {
  SAME=no
  if [ "$VERSION" = 0 ]; then
    SAME=gone
    if [ "$1" = absent ]; then beside "$@"; fi
    return
  fi
  if [ "$1" = absent ]; then
    SAME=new
    return
  fi
  SAYS=$2
  shift 2
  case $SAYS in
    version) if [ "$VERSION" = "$1" ]; then SAME=yes; fi ;;
    date) for ONE in "$@"; do if [ "$ONE" = "$DATE" ]; then SAME=yes; fi; done ;;
    value)
      WANTED=$VALUE
      decode "$1"
      read_value "$NAME"
      if [ "$COPY" = "$VALUE" ]; then SAME=yes; fi
      VALUE=$WANTED
      ;;
    *) SAME=unknown ;;
  esac
}

# absent [beside NAME]: a parameter of the dump shows that this is its region.
beside() {
  SAME=yes
  if [ "$#" = 3 ]; then
    look "$3"
    if [ "$VERSION" = 0 ]; then problem "$3: is gone since the dump, or in another region"; fi
    VERSION=0
  fi
}

# --- The backup

save_written() {
  read_settings "$NAME"
  read_tags "$NAME"
  choose_tier
  if [ "$1" = public ] && [ "$KIND" != SecureString ]; then
    if [ -n "$TIER" ]; then save "remove '$REGION' $NAME # its tier cannot become $TIER and Standard again"; fi
    save_public
  else
    save "restore_secret '$REGION' $NAME $VERSION $TIER <<'END'" "$SETTINGS" END
    save_tags
  fi
  say "$NAME: saved"
}

save_deleted() {
  look "$NAME"
  read_settings "$NAME"
  read_tags "$NAME"
  if [ "$1" = public ] && [ "$KIND" != SecureString ]; then
    save_public
    say "$NAME: saved"
  else
    SAVED=$(printf '%s\n%s\n' "$SETTINGS" "$TAGS" | sed 's/^/# /')
    save "# $NAME is secret and deleted with its history, so its value is not here. It was:" "$SAVED"
    say "$NAME: saved, except for its value, which is secret"
  fi
}

save_public() {
  VALUE_AS_JSON=$(ssm get-parameter --name "$NAME" --with-decryption --query 'Parameter.{Value: Value}' --output json)
  save "restore '$REGION' $NAME <<'END'" "${SETTINGS%?},${VALUE_AS_JSON#?}" END
  save_tags
}

save_tags() {
  if [ "$TAGS" != '[]' ]; then save "tag '$REGION' $NAME <<'END'" "$TAGS" END; fi
}

save() {
  for ONE in "$@"; do BACKUP="$BACKUP$ONE$LINE"; done
}

write_backup() {
  if [ -z "$BACKUP$REMOVALS" ]; then return; fi
  NUMBER=1
  while [ -e "$0.backup-$NUMBER" ]; do NUMBER=$((NUMBER + 1)); done
  (
    umask 077
    set -C
    backup_text >"$0.backup-$NUMBER"
  )
  say "saved in $0.backup-$NUMBER"
}

backup_text() {
  cat <<'END'
#!/bin/sh
# Parameters of AWS Parameter Store as they were before a script changed them. To restore them, run it with sh: it holds no secret.
# A secret that was only stored again is restored from its history in AWS. One that was deleted is not: that ends its history.
set -eu
export AWS_PAGER='' AWS_CLI_AUTO_PROMPT=off AWS_CLI_FILE_ENCODING=UTF-8

ssm() {
  COMMAND=$1 REGION=$2
  shift 2
  aws ssm "$COMMAND" ${REGION:+--region "$REGION"} "$@"
}

# restore REGION NAME: the settings and the value are the input
restore() {
  SETTINGS=$(cat)
  ssm put-parameter "$1" --overwrite --cli-input-json "$SETTINGS" >/dev/null
  printf '%s\n' "$2: restored"
}

# restore_secret REGION NAME VERSION [TIER]: the settings are the input
restore_secret() {
  SETTINGS=$(cat)
  COPY=$(ssm get-parameter "$1" --name "$2:$3" --with-decryption --query Parameter.Value --output text && printf x)
  printf %s "${COPY%?x}" |
    ssm put-parameter "$1" --overwrite --cli-input-json "$SETTINGS" ${4:+--tier "$4"} --value file:///dev/stdin >/dev/null
  printf '%s\n' "$2: restored"
}

# tag REGION NAME: the tags are the input
tag() {
  TAGS=$(cat)
  ssm add-tags-to-resource "$1" --resource-type Parameter --resource-id "$2" --tags "$TAGS"
}

remove() {
  ssm delete-parameters "$1" --names "$2" >/dev/null
  printf '%s\n' "$2: deleted"
}

END
  printf '%s\n' "ACCOUNT=$SIGNED_IN"
  cat <<'END'
SIGNED_IN=$(aws sts get-caller-identity --query Account --output text)
if [ "$SIGNED_IN" != "$ACCOUNT" ]; then
  printf '%s\n' "the AWS CLI is signed in to account $SIGNED_IN, and this is for account $ACCOUNT" >&2
  exit 1
fi

END
  printf %s "$BACKUP$REMOVALS"
}

# --- Reading. An assignment stands alone, because set -e stops at a failure within $() there, and nowhere else.

ssm() {
  aws ssm "$@" ${REGION:+--region "$REGION"}
}

# Sets VERSION, KIND and DATE of a parameter; VERSION is 0 if there is none.
look() {
  FOUND=$(ssm get-parameters --names "$1" --query 'Parameters[0].[Version,Type,LastModifiedDate]' --output text)
  if [ "$FOUND" = None ]; then FOUND='0 none none'; fi
  read -r VERSION KIND DATE <<END
$FOUND
END
}

# Sets COPY to the value of a parameter. What is printed behind it keeps the line breaks at its end.
read_value() {
  COPY=$(ssm get-parameter --name "$1" --with-decryption --query Parameter.Value --output text && printf x)
  COPY=${COPY%?x}
}

# Sets SETTINGS to all that put-parameter takes but the value and the tags. JSON, because text has one answer for each page.
read_settings() {
  SETTINGS=$(describe "$1" "$SETTINGS_QUERY")
  if [ "$SETTINGS" = null ]; then stop "$1: cannot be described"; fi
}

# Sets SETTINGS to the key of a parameter, if it has one.
read_key() {
  SETTINGS=$(describe "$1" 'Parameters[?KeyId].{KeyId: KeyId} | [0]')
  if [ "$SETTINGS" = null ]; then SETTINGS='{}'; fi
}

read_who() {
  WHO=$(describe "$NAME" "$WHO_QUERY")
}

describe() {
  ssm describe-parameters --parameter-filters "Key=Name,Option=Equals,Values=$1" --query "$2" --output json
}

read_tags() {
  TAGS=$(ssm list-tags-for-resource --resource-type Parameter --resource-id "$1" --query "$TAGS_QUERY" --output json)
}

# Sets VALUE to a text of this script.
decode() {
  VALUE=$(printf '%bx' "$1")
  VALUE=${VALUE%x}
}

# --- Saying what happens

say() {
  printf '%s\n' "$*"
}

problem() {
  printf '%s\n' "$*" >&2
  if [ "$FAILED" = 0 ]; then FAILED=1; fi
}

stop() {
  printf '%s\n' "$*" >&2
  exit 1
}

finish() {
  DONE="$DONE$REGION:$NAME "
  say "$NAME: $*"
}

is_done() {
  case $DONE in
    *" $REGION:$NAME "*) return 0 ;;
  esac
  return 1
}

# --- The run

check_account() {
  if [ -n "$UNNAMED" ] && [ -z "${1:-}" ]; then
    printf '%s\n' "$UNNAMED does not say which account it is from: run $0 ACCOUNT" >&2
    exit 2
  fi
  SIGNED_IN=$(aws sts get-caller-identity --query Account --output text)
  for ONE in $ACCOUNT ${1:+"$1"}; do
    if [ "$SIGNED_IN" != "$ONE" ]; then stop "the AWS CLI is signed in to account $SIGNED_IN, and this is for account $ONE"; fi
  done
  say "account $SIGNED_IN"
}

check_account "$@"
PHASE=check
fixes
if [ -n "$UNCONFIRMED" ]; then say "If they are as the dump has them, run this again with CONFIRM='${UNCONFIRMED# }'" >&2; fi
if [ "$FAILED" != 0 ]; then exit "$FAILED"; fi
for PHASE in save write compare delete; do
  fixes
  if [ "$PHASE" = save ]; then write_backup; fi
done
say 'done'
